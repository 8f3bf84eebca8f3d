"""The two programs that build images, behind the few words that `make images` needs of them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from image_archive import Layers, write_archive
from image_pip import pip_settings, reachable

_PULL_LIMIT_S = 300
_SECRETS_PREFIX = "secrets."


class Builder(Protocol):
    """name: of the program. Every method raises CalledProcessError when the program fails.

    The error of `build` holds what the program printed where nobody has seen it.
    """

    name: str

    def build(self, image: str, recipe: Path, context: Path, arguments: Sequence[str]) -> None: ...
    def save(self, image: str, archive: Path) -> None: ...
    def copy_out(self, image: str, path: str, target: Path) -> None: ...
    def size_bytes(self, image: str) -> int: ...
    def identity(self, image: str) -> str: ...
    def has(self, image: str) -> bool: ...
    def pull(self, image: str) -> bool: ...
    def import_root(self, tar: Path, image: str) -> None: ...


def chosen_builder(asked: str, folder: Path) -> Builder:
    """The one that is asked for, or docker, or buildah, whichever answers. Raises SystemExit when neither does."""
    if asked in ("auto", "docker") and _answers("docker", "info"):
        return Docker(folder)
    if asked in ("auto", "buildah"):
        if not shutil.which("buildah") and os.geteuid() == 0 and shutil.which("apt-get"):
            subprocess.run(["apt-get", "update", "-qq"], check=True)
            subprocess.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", "buildah"], check=True)
        if shutil.which("buildah"):
            return Buildah(folder)
    raise SystemExit(f"no image can be built (asked for {asked}): start docker, or install buildah")


@contextlib.contextmanager
def secrets(folder: Path) -> Iterator[list[str]]:
    """`--secret` flags that give pip inside the build the indexes and the authorities that pip outside of it has.

    An index may hold a password: its file is the owner's alone, in a folder that is too, and gone when the build has
    ended or failed.
    """
    settings = pip_settings()
    lines = ["[global]", "timeout = 180", *(f"{name} = {value}" for name, value in reachable(settings).items())]
    authorities = os.environ.get("PIP_CERT") or settings.get("cert") or os.environ.get("SSL_CERT_FILE", "")
    with tempfile.TemporaryDirectory(dir=folder, prefix=_SECRETS_PREFIX) as private:
        config = Path(private) / "pip.conf"
        with open(config, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write("\n".join(lines) + "\n")
        flags = ["--secret", f"id=pip,src={config}"]
        given = authorities and Path(authorities).is_file()
        yield [*flags, "--secret", f"id=ca,src={authorities}"] if given else flags


def remove_left_secrets(folder: Path) -> None:
    """Removes what builds that were killed have left of `secrets`. Call it while no other build is under way."""
    for path in (*folder.glob(f"{_SECRETS_PREFIX}*"), *folder.glob("pip.conf*")):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


class Buildah:
    """Without a daemon, as root or not. Times are 0 in every layer, so that the same inputs give the same digests."""

    name = "buildah"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "overlay", **os.environ}

    def build(self, image: str, recipe: Path, context: Path, arguments: Sequence[str]) -> None:
        # Not --quiet, which hides what a step that fails prints. Without --force-rm that step's files stay.
        words = ["bud", "--pull-never", "--layers", "--force-rm", "--timestamp=0", "--identity-label=false"]
        with secrets(self._folder) as given:
            argv = self._argv(*words, *arguments, *given, f"--file={recipe}", f"--tag={image}", str(context))
            both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
            subprocess.run(argv, env=self._environment, check=True, **both)  # type: ignore[call-overload]

    def save(self, image: str, archive: Path) -> None:
        config: str = self._inspect(image)["Config"]
        layers = Layers(self._folder / "layers")
        if layers.missing(config):
            # Uncompressed and all of them, which is the one way to get at some of them.
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                self._run("push", "--quiet", "--disable-compression", image, f"dir:{folder}/image")
                layers.add(config, Path(folder) / "image")
        write_archive(layers, image, config, archive)

    def copy_out(self, image: str, path: str, target: Path) -> None:
        container = self._run("from", "--pull-never", image)
        try:
            # Not by `mount`, which a user who is not root may not.
            target.write_text(self._run("run", container, "--", "cat", path) + "\n")
        finally:
            self._run("rm", container)

    def size_bytes(self, image: str) -> int:
        manifest = json.loads(self._inspect(image)["Manifest"])
        return sum(int(layer["size"]) for layer in manifest["layers"])

    def identity(self, image: str) -> str:
        return str(self._inspect(image)["FromImageID"])

    def has(self, image: str) -> bool:
        return (
            subprocess.run(self._argv("inspect", "--type=image", image), check=False, **self._quiet()).returncode == 0
        )

    def pull(self, image: str) -> bool:
        return (
            subprocess.run(self._argv("pull", image), check=False, timeout=_PULL_LIMIT_S, **self._quiet()).returncode
            == 0
        )

    def import_root(self, tar: Path, image: str) -> None:
        with tempfile.TemporaryDirectory() as empty:
            recipe = Path(empty) / "Dockerfile"
            recipe.write_text(f"FROM scratch\nADD {tar.name} /\n")
            words = ["bud", "--quiet", "--timestamp=0", "--identity-label=false", f"--file={recipe}", f"--tag={image}"]
            self._run(*words, str(tar.parent))

    def _inspect(self, image: str) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self._run("inspect", "--type=image", image))
        return fields

    def _argv(self, *words: str) -> list[str]:
        return ["buildah", *words]

    def _quiet(self) -> dict[str, Any]:
        return {"env": self._environment, "capture_output": True}

    def _run(self, *words: str) -> str:
        done = subprocess.run(self._argv(*words), env=self._environment, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()


class Docker:
    """With BuildKit, which docker has had as its own since version 23."""

    name = "docker"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(self, image: str, recipe: Path, context: Path, arguments: Sequence[str]) -> None:
        environment = {**os.environ, "DOCKER_BUILDKIT": "1", "SOURCE_DATE_EPOCH": "0"}
        with secrets(self._folder) as given:
            argv = ["docker", "build", *arguments, *given, f"--file={recipe}", f"--tag={image}", str(context)]
            subprocess.run(argv, env=environment, check=True)

    def save(self, image: str, archive: Path) -> None:
        self._run("save", f"--output={archive}", image)

    def copy_out(self, image: str, path: str, target: Path) -> None:
        container = self._run("create", image)
        try:
            self._run("cp", f"{container}:{path}", str(target))
        finally:
            self._run("rm", container)

    def size_bytes(self, image: str) -> int:
        return int(self._run("image", "inspect", "--format={{.Size}}", image))

    def identity(self, image: str) -> str:
        return self._run("image", "inspect", "--format={{.Id}}", image)

    def has(self, image: str) -> bool:
        return _answers("docker", "image", "inspect", image)

    def pull(self, image: str) -> bool:
        return _answers("docker", "pull", image)

    def import_root(self, tar: Path, image: str) -> None:
        self._run("import", str(tar), image)

    def _run(self, *words: str) -> str:
        done = subprocess.run(["docker", *words], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()


def _answers(*argv: str) -> bool:
    if not shutil.which(argv[0]):
        return False
    try:
        return subprocess.run(argv, capture_output=True, check=False, timeout=_PULL_LIMIT_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False
