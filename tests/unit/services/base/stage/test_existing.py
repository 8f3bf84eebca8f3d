"""A pass with a stage that looks at files of an earlier output: what they make needless neither opens nor runs."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from services.base.media.audio import AudioFacts
from services.base.media.clip import Clip, Media
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.stage.clip_pass import ArtifactPart, BoundStage, ClipPass, DonePart, FactsPart, Pause
from services.base.stage.existing import EXISTING, Existing
from services.base.stage.spec import ClipJob, StageSpec

INFO = VideoInfo(4, 2, 0, 25.0, 2, 0.08, "made", "rgb24")


@dataclass(frozen=True)
class NoSettings:
    pass


class Decoder:
    """Two frames."""

    def __init__(self):
        self.num_opened = self.num_decoded = 0

    @contextmanager
    def __call__(self, media, max_frames=None):
        self.num_opened += 1
        decoder = self

        class Stream:
            info = INFO

            def __iter__(self):
                for i in range(2):
                    decoder.num_decoded += 1
                    yield FrameChunk(i, np.full((1, 2, 4, 3), i, np.uint8), np.array([i / 25]))

            def facts(self):
                return DecodeFacts(2)

        yield Stream()


class Sum:
    """Adds up what it is shown."""

    wants = frozenset({"frames"})

    def __init__(self, job, info):
        self.total = 0

    def push(self, chunk):
        self.total += 1 + int(chunk.frames_THWC.max())

    def finish(self, given):
        return self.total


class Label:
    """What is known without any stream."""

    wants = frozenset()

    def __init__(self, job, info):
        self.name = job.clip.key

    def finish(self, given):
        return 1000


class Looking(Label):
    """Takes what the job has of an earlier output, where the label before it is known."""

    def __init__(self, job, info):
        self.files = job.extras

    def finish(self, given):
        assert given["label"] == 1000
        if "sum" not in self.files:
            return {EXISTING: Existing(why="no sum" if self.files else "")}
        return {EXISTING: Existing(is_taken=True), "sum": int(self.files["sum"]), "audio_facts": AudioFacts(0, 2.5)}


class Last(Label):
    def finish(self, given):
        return given["sum"] + given["label"]


def run(decoder, extras):
    def stage(name, call, reads, writes, **more):
        return BoundStage(StageSpec(name, 1, NoSettings, reads, (writes,), **more), call)

    made = ClipPass(
        [
            stage("decode", decoder, (), "frames"),
            stage("label", Label, (), "label"),
            stage("looking", Looking, ("label",), EXISTING, looks_at=lambda config, clip: {"sum": f"{clip.key}.sum"}),
            stage("sum", Sum, ("frames",), "sum"),
            stage("last", Last, ("sum", "label"), "last"),
        ]
    )
    job = ClipJob(Clip("s1/x", "x", "s1", "x.mpg"), Media.of_bytes("x.mpg", b"bytes"), extras)
    parts = [p for p in made.run(job, {}) if not isinstance(p, Pause)]
    assert isinstance(parts[-1], DonePart)
    return parts, {p.name: p.value for p in parts if isinstance(p, ArtifactPart)}


def test_what_is_taken_is_not_made_and_nothing_is_decoded():
    decoder = Decoder()
    parts, made = run(decoder, {"sum": b"7"})
    assert made == {"label": 1000, EXISTING: Existing(is_taken=True), "sum": 7, "last": 1007}
    assert (decoder.num_opened, decoder.num_decoded) == (0, 0)
    assert [p.facts.duration_s for p in parts if isinstance(p, FactsPart)] == [2.5]


@pytest.mark.parametrize(("extras", "why"), [({}, ""), ({"other": b"7"}, "no sum")])
def test_what_is_not_taken_is_made_and_nothing_runs_twice(extras, why):
    decoder = Decoder()
    parts, made = run(decoder, extras)
    assert made[EXISTING] == Existing(why=why)
    assert made["last"] == made["sum"] + 1000
    assert decoder.num_decoded == 2
    names = [p.name for p in parts if isinstance(p, ArtifactPart)]
    assert sorted(names) == sorted(set(names))


def test_a_stage_that_looks_writes_that_alone():
    with pytest.raises(ValueError, match="writes 'existing' alone"):
        StageSpec("x", 1, NoSettings, (), ("other",), looks_at=lambda config, clip: {})
