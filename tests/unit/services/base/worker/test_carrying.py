"""What a clip costs and comes to: errors that are its own are kept, others end the shard."""

from collections.abc import Generator, Iterable
from typing import Any

import pytest

from services.base.errors import BadConfig, BadInput, Transient
from services.base.media.clip import Clip
from services.base.media.video import DecodeFacts
from services.base.process import metrics
from services.base.run.manifest import ClipRow
from services.base.stage.clip_pass import ArtifactPart, DonePart, FactsPart
from services.base.stage.product import FilePart, PiecePart, Product, ProductFile, ProductPart
from services.base.stage.writer import WrittenFile
from services.base.worker import carrying as module
from services.base.worker.artifact_cache import KnownOfClip
from services.base.worker.carrying import CarriedClip, Carrying
from services.base.worker.prefetch import ReadClip

ROW = ClipRow(
    key="a",
    utterance_id="a",
    speaker_id="",
    media="a",
    split="train",
    shard=0,
    position=0,
    idx=0,
    size_bytes=1,
    version="",
)


class Kept:
    """A writer that keeps what it is given; where it is told so, the store loses its files."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.lost: Transient | None = None

    def add(self, clip: Clip, files: Iterable[ProductFile]) -> None:
        found = {f"{clip.key}/{file.name}": b"".join(map(bytes, file.pieces)) for file in files}
        if self.lost is not None:
            raise self.lost
        self.files |= found

    def close(self) -> list[WrittenFile]:
        return []

    def abort(self) -> None:
        """Nothing is open."""


@pytest.fixture
def carrying() -> Carrying:
    return Carrying([], {}, None, False, 0, lambda: None, Kept())  # type: ignore[arg-type]


def iter_of(parts: list[Any]) -> Generator[Any, None, None]:
    yield from parts


def test_a_clips_own_error_is_kept_and_its_time_counted() -> None:
    clip = CarriedClip(ReadClip(ROW))
    with clip.attempt():
        raise BadInput("TOO_SHORT", "it is")
    assert clip.error is not None and clip.error.reason == "TOO_SHORT" and clip.wall_s > 0
    for error in (BadConfig("NO_GPU", "none"), Transient("STOPPED", "asked")):
        with pytest.raises(type(error)), clip.attempt():
            raise error


def test_what_the_parts_tell_is_the_clips(carrying: Carrying) -> None:
    clip = CarriedClip(ReadClip(ROW))
    parts = [
        FactsPart(DecodeFacts(3)),
        ArtifactPart("points", 7),
        ProductPart("file"),
        FilePart("old", "x/y"),
        ProductPart("file"),
        FilePart("a", "x/y"),
        PiecePart(b"x"),
        ArtifactPart("file", Product(quality={"n": 1})),
        DonePart({"decode": 1.5}),
    ]
    carrying.take(clip, iter_of(parts), KnownOfClip())
    assert (clip.counts["frames"], clip.made, clip.seconds) == (3, {"points": 7}, {"decode": 1.5})
    assert clip.product == Product(quality={"n": 1})
    assert isinstance(carrying.writer, Kept) and carrying.writer.files == {"a/a": b"x"}


def test_files_that_the_store_has_lost_are_not_written_on(carrying: Carrying) -> None:
    assert isinstance(carrying.writer, Kept)
    carrying.writer.lost = Transient("UPLOAD_LOST", "write it again")
    tries: list[int] = []

    def call() -> None:
        tries.append(1)
        carrying.take(CarriedClip(ReadClip(ROW)), iter_of([ProductPart("file"), DonePart({})]), KnownOfClip())

    with pytest.raises(Transient, match="UPLOAD_LOST"):
        carrying.patiently(call)
    assert tries == [1]


def test_a_remote_stage_that_does_not_answer_is_asked_again_with_waits_and_then_no_more(
    carrying: Carrying, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_TRANSIENT_WAITS_S", (0.0, 0.0))
    tries: list[int] = []
    before = metrics.CLIP_WAITS._value.get()

    def call() -> str:
        tries.append(1)
        raise Transient("UNAVAILABLE", "nobody answers")

    with pytest.raises(Transient, match="UNAVAILABLE"):
        carrying.patiently(call)
    assert (len(tries), metrics.CLIP_WAITS._value.get() - before) == (3, 2)
    assert capsys.readouterr().out.count('"event": "waiting"') == 2
    assert carrying.patiently(lambda: "answer") == "answer"
