"""Makes `pip install` take the OpenCV without a window system: `python scripts/headless_opencv.py FOLDER`.

MediaPipe asks for opencv-contrib-python, whose wheel loads libGL, Qt and X. This writes a wheel of that name to FOLDER
that holds no file and asks for opencv-contrib-python-headless, of the version in constraints.txt. With `--find-links
FOLDER` pip prefers it, since its version has a local label (`+headless`). Both libraries side by side would share one
folder, cv2.

Needs nothing but the standard library: it runs before anything is installed.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "opencv-contrib-python"
LABEL = "headless"


def pinned_version(constraints: str) -> str:
    """Of OpenCV in the text of constraints.txt. Raises SystemExit where it is not pinned, or both are and differ."""
    pins = dict(line.split("==", 1) for line in constraints.splitlines() if line.startswith(NAME))
    versions = {pins.get(NAME), pins.get(f"{NAME}-{LABEL}")}
    if None in versions or len(versions) != 1:
        raise SystemExit(f"constraints.txt must pin {NAME} and {NAME}-{LABEL} to one version, and has {pins}")
    (version,) = versions
    return str(version)


def write_wheel(folder: Path, version: str) -> Path:
    """The wheel, the same bytes each time."""
    stem = f"{NAME.replace('-', '_')}-{version}+{LABEL}"
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}+{LABEL}\n"
        f"Summary: Stands for {NAME}: {NAME}-{LABEL} is the same library without a window system\n"
        f"Requires-Dist: {NAME}-{LABEL}=={version}\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: visemill\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    names = [f"{stem}.dist-info/{name}" for name in (*files, "RECORD")]
    texts = [*files.values(), "".join(f"{name},,\n" for name in names)]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in zip(names, texts, strict=True):
            wheel.writestr(zipfile.ZipInfo(name), text)
    return path


def main(folder: Path) -> int:
    write_wheel(folder, pinned_version((ROOT / "constraints.txt").read_text(encoding="utf-8")))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
