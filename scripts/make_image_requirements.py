"""Writes deploy/images/*.txt: every distribution of each set of images, pinned as in constraints.txt.

The lists are closed, so that an image is made without a resolver: MediaPipe asks for the OpenCV that needs a window
system, and gets the same version of the one that does not, as `make setup` has it (headless_opencv.py).
"""

import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]

# set -> (what it needs of pyproject.toml: extras, or `extra:name` for one of an extra's; what another set of the same
# image already holds)
SETS: dict[str, tuple[tuple[str, ...], str]] = {
    "worker": (("", "triton", "features:onnxruntime"), ""),
    "worker-torch": (("features", "speech"), "worker"),
    "training": (("train", "tensorboard", "zh"), "worker"),
    "orchestrator": (("kube",), "worker"),
}
HEADLESS = {"opencv-contrib-python": "opencv-contrib-python-headless"}
PLATFORM = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"}


def closure(requirements: list[str]) -> set[str]:
    """Canonical names of all that is needed, as the installed distributions say."""
    waiting = [Requirement(text) for text in requirements]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for text in importlib.metadata.requires(name) or ():
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({**PLATFORM, "extra": extra}):
                    waiting.append(needed)
    return {name for name, _ in seen}


def requirements(project: dict[str, Any], extra: str) -> list[str]:
    """Of the project itself, of an extra, or the one of an extra that has the name."""
    extra, _, only = extra.partition(":")
    texts: list[str] = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [text for text in texts if only in ("", Requirement(text).name)]


def lists() -> dict[str, str]:
    """Name of a file -> its text. Raises KeyError for a distribution that constraints.txt does not pin."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        name, _, version = line.partition("==")
        pins[canonicalize_name(re.sub(r"\[.*\]", "", name))] = version
    names: dict[str, set[str]] = {}
    texts = {}
    for chosen, (extras, held) in SETS.items():
        asked = [text for extra in extras for text in requirements(project, extra)]
        names[chosen] = closure(asked) - names.get(held, set())
        lines = sorted({f"{HEADLESS.get(name, name)}=={pins[name]}" for name in names[chosen]})
        texts[f"{chosen}.txt"] = (
            "# Made by `make docs` from pyproject.toml and constraints.txt.\n" + "\n".join(lines) + "\n"
        )
    return texts


def main(target: Path) -> int:
    target.mkdir(parents=True, exist_ok=True)
    for name, text in lists().items():
        (target / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "deploy" / "images"))
