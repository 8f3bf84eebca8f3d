"""The seeded network in Triton's image: exported by this Python, or by an environment of its own that has torch."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NETWORK = "inception_v3"
# torch goes in first and alone, or another package picks the build.
_FIRST = "torch"


def fill_repository(repository: Path, folder: Path) -> None:
    """A model repository with the network, kept while the code that makes it is the same.

    folder: holds what is kept between calls. Raises SystemExit, with the remedy, when the network cannot be exported.
    """
    made_of = folder / "repository.sha256"
    sources = sorted((ROOT / "services" / "features").rglob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    if made_of.exists() and made_of.read_text() == digest and any(repository.iterdir()):
        return
    shutil.rmtree(repository)
    repository.mkdir()
    argv = [exporting_python(folder / "export"), "-m", "orchestrator.cli.main", "models", "export", str(repository)]
    # An environment of its own does not know where visemill itself is installed from.
    path = os.pathsep.join([str(ROOT), str(ROOT / "protos")])
    environment = {**os.environ, "PYTHONPATH": path}
    argv += ["--network", NETWORK]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or not any(repository.iterdir()):
        raise SystemExit(_refusal(f"`models export` ended with exit code {done.returncode}: {_end(done.stderr)}"))
    made_of.write_text(digest)


def requirements() -> list[str]:
    """What exporting takes beside visemill itself: the `features` extra, torch first."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return sorted(extras["features"], key=lambda text: not text.startswith(_FIRST))


def exporting_python(folder: Path) -> str:
    """This Python where it has all that exporting takes; else one in folder, made once, that adds it to this one's.

    Raises SystemExit when pip cannot install it.
    """
    names = [text.split(">")[0] for text in requirements()]
    if all(importlib.util.find_spec(name) for name in names):
        return sys.executable
    python, made_of = folder / "bin" / "python", folder / "made-of"
    constraints = ROOT / "constraints.txt"
    wanted = "\n".join([sys.version, *requirements(), constraints.read_text()])
    if made_of.exists() and made_of.read_text() == wanted:
        return str(python)
    sys.stderr.write(f"torch is not installed: {folder} gets it, to export the network of Triton's image\n")
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    # Of visemill's own libraries it takes those that are here.
    version = "python{}.{}".format(*sys.version_info[:2])
    (folder / "lib" / version / "site-packages" / "visemill.pth").write_text(f"{libraries_here()}\n")
    pip = (sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check", "install")
    first, *others = requirements()
    _run(*pip, "--constraint", str(constraints), first)
    _run(*pip, "--constraint", str(constraints), *others)
    made_of.write_text(wanted)
    return str(python)


def libraries_here() -> str:
    """Folder of the libraries that this Python has."""
    return sysconfig.get_path("purelib")


def _run(*argv: str) -> None:
    # The environment of a caller's virtual environment is not this one's.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(_refusal(f"`{' '.join(argv)}` ended with exit code {done.returncode}: {_end(done.stderr)}"))


def _refusal(why: str) -> str:
    return (
        f"nothing was built: visemill-triton must hold a seeded {NETWORK}, and it could not be exported. {why}\n"
        "Let pip reach an index that has torch (`pip config`), or install the `features` extra where it can, then "
        "`make images` again; `make images-worker images-orchestrator` build the images that need no network."
    )


def _end(text: str) -> str:
    return text.strip()[-1500:]
