"""What a clip costs and comes to: errors that are its own are kept, others end the shard."""

import pytest

from services.base.errors import BadConfig, BadInput, Transient
from services.base.media.video import DecodeFacts
from services.base.process import metrics
from services.base.run.manifest import ClipRow
from services.base.stage.clip_pass import ArtifactPart, DonePart, FactsPart
from services.base.stage.product import Product
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


@pytest.fixture
def carrying() -> Carrying:
    return Carrying([], {}, None, use_cache=False, shard=0, stop_if_asked=lambda: None)  # type: ignore[arg-type]


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
        ArtifactPart("file", Product(b"x")),
        DonePart({"decode": 1.5}),
    ]
    carrying.take(clip, parts, KnownOfClip())
    assert (clip.counts["frames"], clip.made, clip.seconds) == (3, {"points": 7}, {"decode": 1.5})
    assert clip.product == Product(b"x")


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
