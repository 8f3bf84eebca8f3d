"""Wheels reach a build as pip outside of it has them, and what a failing step printed is seen."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import build_images
import pytest
from image_builders import Buildah, Builder, Docker
from image_pip import fetch_wheel, pip_settings, reachable

ROOT = Path(__file__).resolve().parents[3]
COMPILE = ROOT / "deploy" / "images" / "bin" / "compile-libraries"
CPU = "https://download.pytorch.org/whl/cpu"


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of pip's configuration; nothing in the environment goes before it."""
    for name in os.environ:
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    return tmp_path / "pip.conf"


def add_wheel(folder: Path, version: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"torch-{version}-py3-none-any.whl"
    about = f"torch-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return path


def test_the_wheel_that_pip_chooses_from_this_disk_is_the_builds(configured: Path, tmp_path: Path) -> None:
    """The CPU build goes before the plain one; one of an earlier call is gone."""
    for version in ("2.13.0", "2.13.0+cpu", "2.14.0"):
        add_wheel(tmp_path / "here", version)
    configured.write_text(f"[global]\nno-index = true\nfind-links = {tmp_path / 'here'}\n")
    add_wheel(tmp_path / "wheels", "2.12.0")
    digest, name = fetch_wheel("torch==2.13.0", tmp_path / "wheels", "visemill-worker-torch").split()
    assert [path.name for path in (tmp_path / "wheels").iterdir()] == [name] == ["torch-2.13.0+cpu-py3-none-any.whl"]
    assert len(digest) == 64


def test_a_wheel_that_cannot_be_had_is_said_with_pips_words_and_the_remedy(configured: Path, tmp_path: Path) -> None:
    configured.write_text("[global]\nno-index = true\n")
    with pytest.raises(SystemExit) as stopped:
        fetch_wheel("torch==2.13.0", tmp_path / "wheels", "visemill-worker-torch")
    assert str(stopped.value).startswith("nothing was built: visemill-worker-torch must hold torch==2.13.0")
    for words in ("pip cannot get it: ERROR: ", "`pip config`", "PIP_FIND_LINKS"):
        assert words in str(stopped.value)


def test_settings_are_those_of_pip_install_and_the_environment_goes_first(
    configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured.write_text(
        f"[global]\nindex-url = https://a.example/simple\nextra-index-url =\n  {CPU}\n  file:///mirror/simple\n"
        "find-links = /wheels\n[install]\ntrusted-host = a.example\n"
    )
    settings = pip_settings()
    assert reachable(settings) == {
        "index-url": "https://a.example/simple",
        "extra-index-url": CPU,
        "trusted-host": "a.example",
    }
    monkeypatch.setenv("PIP_INDEX_URL", "https://b.example/simple")
    assert reachable(pip_settings())["index-url"] == "https://b.example/simple"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, {}),
        ({"index-url": "file:///mirror/simple", "find-links": "/wheels"}, {}),
        ({"find-links": f"/wheels {CPU}/torch/"}, {"find-links": f"{CPU}/torch/"}),
        ({"cert": "/ca.crt", "timeout": "5"}, {}),
    ],
)
def test_a_build_is_told_of_places_in_the_network_alone(given: dict[str, str], kept: dict[str, str]) -> None:
    assert reachable(given) == kept


@pytest.mark.parametrize("kind", [Buildah, Docker])
def test_what_a_failing_step_printed_is_seen(
    kind: type[Builder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The builder's program stands in for one whose step fails: quiet, where it is asked to be."""
    program = tmp_path / "bin" / kind.__name__.lower()
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\ncase " $* " in *" --quiet "*) ;; *) echo "ERROR: No matching distribution" >&2;; esac\nexit 3\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(build_images, "IMAGES", tmp_path)
    monkeypatch.setattr(build_images, "inputs_digest", lambda *_: "")
    monkeypatch.setattr(kind, "identity", lambda *_: "")
    with pytest.raises(SystemExit) as stopped:
        build_images.build("worker", "base", kind(tmp_path), force=True)  # type: ignore[call-arg]
    seen = f"{capfd.readouterr().err}{stopped.value}"
    assert "ERROR: No matching distribution" in seen and "visemill-worker was not built" in seen
    assert "exit code 3" in seen and "Traceback" not in seen


def compiled(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(COMPILE), str(folder)], capture_output=True, text=True, check=False)


def test_a_module_of_a_newer_python_does_not_end_a_build(tmp_path: Path) -> None:
    """Wheels carry such ones: torch has `py312_intrinsics.py`, which no 3.11 can read."""
    newer = tmp_path / "torch" / "newer.py"
    newer.parent.mkdir()
    newer.write_text("def f[T](a: T) -> T:\n    return a\n" if sys.version_info < (3, 12) else "def f{}: pass\n")
    plain = tmp_path / "torch" / "plain.py"
    plain.write_text("x = 1\n")
    (tmp_path / "torch" / "tests").mkdir()
    (tmp_path / "torch" / "tests" / "no_python.py").write_text("{{ template }}\n")
    done = compiled(tmp_path)
    assert done.returncode == 0, done.stderr
    assert Path(importlib.util.cache_from_source(str(plain))).exists()
    assert str(newer) in done.stderr
    assert "no_python.py" not in done.stderr and "plain.py" not in done.stderr


def test_bytecode_that_could_not_be_written_ends_a_build(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("x = 1\n")
    # As on a full disk: nothing can be written where the bytecode goes.
    (tmp_path / "__pycache__").write_text("")
    done = compiled(tmp_path)
    assert done.returncode != 0 and "plain.py" in done.stderr
