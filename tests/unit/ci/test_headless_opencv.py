"""The wheel that stands for OpenCV's: pip takes it as any other, and gets the library without a window system."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from headless_opencv import pinned_version, write_wheel
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[3]
VERSION = "5.0.0.93"


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_pip_prefers_it_to_the_library_of_that_name_within_the_bounds(tmp_path: Path) -> None:
    """Also where MediaPipe asks for any version, since both ask for one."""
    _, version, _, _ = parse_wheel_filename(write_wheel(tmp_path, VERSION).name)
    (asked,) = (r for text in project()["dependencies"] if (r := Requirement(text)).name == "opencv-contrib-python")
    assert version > Version(VERSION) and version in asked.specifier
    assert version in Requirement(f"opencv-contrib-python=={VERSION}").specifier
    assert Version("5.1.0.95") not in asked.specifier


def test_pip_installs_it_with_the_headless_library(tmp_path: Path) -> None:
    """Into an empty folder, offline: the headless library is a wheel without its files."""
    write_wheel(tmp_path, VERSION)
    stem = f"opencv_contrib_python_headless-{VERSION}"
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: opencv-contrib-python-headless\nVersion: {VERSION}\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(tmp_path / f"{stem}-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(f"{stem}.dist-info/{name}", text)
    argv = [sys.executable, "-m", "pip", "install", "--no-index", "--find-links", str(tmp_path), "--quiet"]
    argv += ["--disable-pip-version-check", "--target", str(tmp_path / "site"), "opencv-contrib-python>=5,<5.1"]
    subprocess.run(argv, check=True)
    names = {path.name for path in (tmp_path / "site").glob("*.dist-info")}
    assert names == {f"{stem}.dist-info", f"opencv_contrib_python-{VERSION}+headless.dist-info"}


def test_it_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = (write_wheel(tmp_path / name, VERSION).read_bytes() for name in ("a", "b"))
    assert first == second


def test_both_names_are_pinned_to_one_version() -> None:
    assert pinned_version((ROOT / "constraints.txt").read_text()) == pins()["opencv-contrib-python"]


@pytest.mark.parametrize(
    "text",
    ["", "opencv-contrib-python==5.0\n", "opencv-contrib-python==5.0\nopencv-contrib-python-headless==5.1\n"],
)
def test_pins_that_differ_or_lack_are_refused(text: str) -> None:
    with pytest.raises(SystemExit, match="to one version"):
        pinned_version(text)
