"""What pip outside of a build knows: indexes that the build can reach too, and a wheel that may lie on this disk."""

from __future__ import annotations

import ast
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# Of its settings, those that say where wheels come from.
_PLACES = ("index-url", "extra-index-url", "find-links")
_SECTIONS = ("global", "install", ":env:")


def pip_settings() -> dict[str, str]:
    """Those of `pip install`, by name: of its files, then of the environment, which goes before them."""
    argv = [sys.executable, "-m", "pip", "config", "list"]
    printed = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in printed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.partition(".")
        if section in found:
            found[section][name] = str(ast.literal_eval(value))
    return {name: value for section in _SECTIONS for name, value in found[section].items()}


def reachable(settings: Mapping[str, str]) -> dict[str, str]:
    """Of them, what pip inside a build can use: places of the network, and hosts that are trusted."""
    chosen = {}
    for name in _PLACES:
        places = [place for place in settings.get(name, "").split() if place.startswith(("http://", "https://"))]
        if places:
            chosen[name] = " ".join(places)
    if hosts := " ".join(settings.get("trusted-host", "").split()):
        chosen["trusted-host"] = hosts
    return chosen


def fetch_wheel(pinned: str, folder: Path, image: str) -> str:
    """Fills the folder with the one wheel that pip here chooses for `name==version`; its sha256 and name, in a line.

    Raises SystemExit with pip's words when there is none.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps"]
    argv += ["--only-binary=:all:", "--dest", str(folder), pinned]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        name = pinned.partition("=")[0]
        raise SystemExit(
            f"nothing was built: {image} must hold {pinned}, and pip cannot get it: {done.stderr.strip()[-1500:]}\n"
            f"Let pip reach an index that has {name} (`pip config`), or a folder that holds its wheel (PIP_FIND_LINKS)."
        )
    (wheel,) = folder.iterdir()
    with wheel.open("rb") as file:
        return f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {wheel.name}\n"
