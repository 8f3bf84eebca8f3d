"""Versions of libraries, read from distributions that lie in a folder of the test's own."""

import sys
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.base.worker.fingerprint import identity_of, library_version
from services.training.recipes.grid_ctc.spec import RECIPE, GridCtcConfig


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes distributions installed, and nothing else."""

    def install(**versions: str) -> None:
        for name, version in versions.items():
            folder = tmp_path / f"{name}-{version}.dist-info"
            folder.mkdir()
            text = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
            (folder / "METADATA").write_text(text)

    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    library_version.cache_clear()
    yield install
    library_version.cache_clear()


def test_the_headless_opencv_is_the_same_library(installed) -> None:
    installed(opencv_contrib_python_headless="5.0.0.93")
    assert library_version("opencv-contrib-python") == "5.0.0.93"


def test_what_stands_for_opencv_and_asks_for_the_headless_one_has_its_version(installed) -> None:
    installed(**{"opencv_contrib_python": "5.0.0.93+headless", "opencv_contrib_python_headless": "5.0.0.93"})
    assert library_version("opencv-contrib-python") == "5.0.0.93"


def test_the_distribution_that_was_asked_for_comes_first(installed) -> None:
    installed(opencv_contrib_python="5.0.0.94", opencv_contrib_python_headless="5.0.0.93")
    assert library_version("opencv-contrib-python") == "5.0.0.94"


def test_no_other_library_has_a_second_name(installed) -> None:
    installed(numpy_headless="2.4.6", opencv_python_headless="5.0.0.93")
    for name in ("numpy", "opencv-contrib-python"):
        with pytest.raises(BadConfig) as caught:
            library_version(name)
        assert caught.value.reason == "LIBRARY_MISSING"
        assert f"{name} is not installed" in caught.value.message


@pytest.mark.parametrize(("name", "remedy"), [
    ("torch", r"pip install 'visemill\[features\]'"),
    ("tritonclient", r"pip install 'visemill\[triton\]'"),
    ("numpy", "install visemill with its dependencies"),
])  # fmt: skip
def test_a_missing_library_is_named_with_the_extra_that_brings_it(
    installed, tmp_path: Path, name: str, remedy: str
) -> None:
    installed(visemill="1.0")
    with (tmp_path / "visemill-1.0.dist-info" / "METADATA").open("a") as file:
        file.write("Requires-Dist: numpy>=2\n")
        file.write("Requires-Dist: torch<2.14,>=2.13; extra == 'features'\n")
        file.write('Requires-Dist: tritonclient[grpc]<3,>=2.60; extra == "triton"\n')
    with pytest.raises(BadConfig, match=f"LIBRARY_MISSING: {name} is not installed: {remedy}"):
        library_version(name)


def test_a_library_of_the_pods_alone_has_the_version_that_is_said_of_them(installed, monkeypatch) -> None:
    """As where a chart's orchestrator plans a training, whose image holds no torch."""
    installed(numpy="2.1.0")
    monkeypatch.setenv("VISEMILL_POD_LIBRARIES", "torch==2.13.0+cpu, numpy==1.0.0")
    assert identity_of(RECIPE, GridCtcConfig()).libraries == {"numpy": "2.1.0", "torch": "2.13.0+cpu"}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("", "LIBRARY_MISSING: torch is not installed: .*VISEMILL_POD_LIBRARIES=torch==VERSION"),
        ("jiwer==4.0.0", "LIBRARY_MISSING: torch is not installed"),
        ("torch=2.13.0", "BAD_SETTING: VISEMILL_POD_LIBRARIES='torch=2.13.0' must be NAME==VERSION,..."),
    ],
)
def test_one_that_nobody_has_is_missing(installed, monkeypatch, said, message) -> None:
    installed(numpy="2.1.0")
    monkeypatch.setenv("VISEMILL_POD_LIBRARIES", said)
    with pytest.raises(BadConfig, match=message):
        identity_of(RECIPE, GridCtcConfig())
