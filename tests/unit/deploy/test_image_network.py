"""`make images` makes a set that works, or stops before it builds anything and says why."""

import importlib.util
import sys
from pathlib import Path

import build_images
import image_network
import pytest
from image_network import exporting_python, requirements


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As after `make setup` alone, on a machine whose pip reaches no index."""
    monkeypatch.setattr(image_network, "libraries_here", lambda: str(tmp_path / "none"))
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else real(name, *rest))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)


def test_with_torch_nothing_is_installed(tmp_path: Path) -> None:
    assert exporting_python(tmp_path / "export") == sys.executable
    assert not list(tmp_path.iterdir())


def test_torch_goes_in_first() -> None:
    assert requirements()[0].startswith("torch") and len(requirements()) > 1


@pytest.mark.usefixtures("no_torch")
@pytest.mark.parametrize(
    ("asked", "missing", "remedies"),
    [
        (["triton"], "visemill-triton must hold a seeded inception_v3", ("`pip config`", "`features` extra")),
        ([], "visemill-worker must hold MediaPipe's models", ("face_landmarker.task",)),
    ],
)
def test_without_torch_and_index_it_stops_before_it_builds_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str], missing: str, remedies: tuple[str, ...]
) -> None:
    """The whole of `make images` but the program that builds, which must not be asked for anything."""
    context = tmp_path / "images" / "context"
    monkeypatch.setattr(build_images, "IMAGES", tmp_path / "images")
    monkeypatch.setattr("image_context.CONTEXT", context)
    monkeypatch.setattr(build_images, "chosen_builder", lambda *_: object())
    monkeypatch.setattr(sys, "argv", ["build_images.py", *asked])
    with pytest.raises(SystemExit) as stopped:
        build_images.main()
    assert str(stopped.value).startswith(f"nothing was built: {missing}")
    assert all(words in str(stopped.value) for words in remedies)
    assert not list((tmp_path / "images").glob("*.tar"))


def test_a_repository_without_a_network_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an earlier build left empty is not taken for done."""
    repository = tmp_path / "repository"
    repository.mkdir()
    asked: list[Path] = []
    monkeypatch.setattr(image_network, "exporting_python", lambda folder: asked.append(folder) or "false")
    (tmp_path / "repository.sha256").write_text("of an earlier one")
    with pytest.raises(SystemExit, match="exit code 1"):
        image_network.fill_repository(repository, tmp_path)
    assert asked == [tmp_path / "export"]
