"""A base image of Debian's own packages, for where no registry can be reached: Python and MediaPipe's two libraries."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from image_builders import Builder

_SUITE = "bookworm"
# usr-is-merged, or perl comes in; libpython3.11 is for Triton's python backend.
_PACKAGES = ("usr-is-merged", "python3", "libegl1", "libgles2", "libpython3.11")
_LEFT_OUT = ("doc", "man", "locale", "info", "lintian")


def debian_base(folder: Path, builder: Builder) -> str:
    """Name of the base image, made once: delete build/images/base.tar to make it from newer packages.

    Raises SystemExit when mmdebstrap is missing.
    """
    archive = folder / "base.tar"
    if not archive.exists():
        _make(archive)
    with archive.open("rb") as file:
        name = f"visemill-base:{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"
    if not builder.has(name):
        builder.import_root(archive, name)
    return name


def _make(archive: Path) -> None:
    if os.geteuid() == 0 and not shutil.which("mmdebstrap") and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", "mmdebstrap"], check=True)
    if not shutil.which("mmdebstrap"):
        raise SystemExit("no registry answers and mmdebstrap is missing: install it, or name a base image with BASE=")
    part = archive.with_suffix(".part.tar")
    argv = ["mmdebstrap", "--quiet", "--variant=minbase", "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"]
    argv += [f"--include={','.join(_PACKAGES)}"]
    argv += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT]
    argv += ["--dpkgopt=path-include=/usr/share/doc/*/copyright", _SUITE, str(part)]
    subprocess.run(argv, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "0"})
    part.replace(archive)
