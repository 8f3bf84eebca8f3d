"""One clip through its stages: frames are decoded once and shown to all; known artifacts cost nothing."""

import weakref
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from services.base.errors import BadConfig, BadInput, Transient
from services.base.media.audio import AudioChunk, AudioFacts, AudioInfo
from services.base.media.clip import Clip, Media
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.stage.clip_pass import (
    ArtifactPart,
    BoundStage,
    ChunkPart,
    ClipPass,
    DonePart,
    FactsPart,
    InfoPart,
    Pause,
    Progress,
)
from services.base.stage.product import FilePart, Product, ProductFile, ProductPart
from services.base.stage.spec import ClipJob, StageSpec

INFO = VideoInfo(4, 2, 0, 25.0, 2, 0.08, "made", "rgb24")
JOB = ClipJob(Clip("s1/x", "x", "s1", "x.mpg"), Media.of_bytes("x.mpg", b"bytes"))


@dataclass(frozen=True)
class NoSettings:
    pass


class Decoder:
    def __init__(self):
        self.num_decoded = 0
        self.closed = False

    @contextmanager
    def __call__(self, media, max_frames=None):
        decoder = self

        class Stream:
            info = INFO

            def __iter__(self):
                for i in range(2):
                    decoder.num_decoded += 1
                    yield FrameChunk(i, np.full((1, 2, 4, 3), i, np.uint8), np.array([i / 25]))

            def facts(self):
                return DecodeFacts(2)

        try:
            yield Stream()
        finally:
            self.closed = True


class Sum:
    """Adds up what it is shown, and what the stages before it made."""

    wants = frozenset({"frames"})

    def __init__(self, job, info):
        self.total = 0

    def push(self, chunk):
        self.total += 1 + int(chunk.frames_THWC.max())

    def finish(self, given):
        return self.total + sum(v for v in given.values() if isinstance(v, int))


def stage(name, call, writes):
    return BoundStage(StageSpec(name, 1, NoSettings, (), (writes,)), call)


@pytest.fixture
def decoder():
    return Decoder()


def test_every_stage_sees_every_frame_and_each_is_decoded_once(decoder):
    made = ClipPass([stage("decode", decoder, "frames"), stage("a", Sum, "a"), stage("b", Sum, "b")])
    parts = [p for p in made.run(JOB, {}) if not isinstance(p, Pause)]
    assert [type(p) for p in parts] == [InfoPart, FactsPart, ArtifactPart, ArtifactPart, DonePart]
    assert [p.value for p in parts if isinstance(p, ArtifactPart)] == [3, 6]
    assert decoder.num_decoded == 2


def test_a_stage_whose_artifact_is_known_does_not_run(decoder):
    made = ClipPass([stage("decode", decoder, "frames"), stage("a", Sum, "a"), stage("b", Sum, "b")])
    parts = list(made.run(JOB, {"a": 100}))
    assert [(p.name, p.value) for p in parts if isinstance(p, ArtifactPart)] == [("b", 103)]


def test_nothing_is_decoded_when_nobody_wants_frames(decoder):
    class Remote(Sum):
        wants = frozenset()

    parts = list(ClipPass([stage("decode", decoder, "frames"), stage("a", Remote, "a")]).run(JOB, {}))
    assert decoder.num_decoded == 0
    assert not any(isinstance(p, FactsPart) for p in parts)


def test_frames_are_handed_out_only_when_they_are_asked_for(decoder):
    made = ClipPass([stage("decode", decoder, "frames")])
    assert sum(isinstance(p, ChunkPart) for p in made.run(JOB, {}, want={"frames"})) == 2
    assert sum(isinstance(p, ChunkPart) for p in made.run(JOB, {})) == 0


def test_the_decoder_is_closed_when_a_stage_fails(decoder):
    class Failing(Sum):
        def push(self, chunk):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        list(ClipPass([stage("decode", decoder, "frames"), stage("a", Failing, "a")]).run(JOB, {}))
    assert decoder.closed


def test_a_pass_has_at_most_one_source(decoder):
    with pytest.raises(BadConfig, match="TWO_SOURCES"):
        ClipPass([stage("a", decoder, "frames"), stage("b", decoder, "frames")])


def test_a_pass_without_a_source_needs_the_callers_frames():
    made = ClipPass([stage("a", Sum, "a")])
    with pytest.raises(BadConfig, match="NO_SOURCE"):
        list(made.run(JOB, {}))
    frames = iter([FrameChunk(0, np.zeros((1, 2, 4, 3), np.uint8), np.zeros(1))])
    parts = list(made.run(JOB, {}, pushed=frames, info=INFO))
    assert [p.value for p in parts if isinstance(p, ArtifactPart)] == [1]


def test_seconds_are_told_by_stage(decoder):
    parts = list(ClipPass([stage("decode", decoder, "frames"), stage("a", Sum, "a")]).run(JOB, {}))
    assert set(parts[-1].seconds) == {"decode", "a"}


def test_what_computes_for_long_at_its_end_pauses_on_the_way(decoder):
    class Slow(Sum):
        def steps(self, given):
            yield Pause(frames=(1, 2))
            yield Pause(frames=(2, 2))

    parts = list(ClipPass([stage("decode", decoder, "frames"), stage("a", Slow, "a")]).run(JOB, {}))
    frames = [part.frames for part in parts if isinstance(part, Pause)]
    assert frames[-2:] == [(1, 2), (2, 2)] and [type(part) for part in parts[-2:]] == [ArtifactPart, DonePart]


def test_a_clip_pauses_after_each_chunk_and_for_each_answer_before_its_artifact(decoder):
    answers = [Future(), Future()]

    class Awaited(Sum):
        def awaited(self):
            for answer in answers:
                yield Pause("far", answer)

    parts = ClipPass([stage("decode", decoder, "frames"), stage("a", Awaited, "a"), stage("b", Sum, "b")]).run(JOB, {})
    kinds = [type(next(parts)) for _ in range(4)]
    assert kinds == [InfoPart, Pause, Pause, FactsPart]
    for answer in answers:
        pause = next(parts)
        assert (pause.whom, pause.answer, pause.is_over) == ("far", answer, False)
        answer.set_result(None)
        assert pause.is_over
    assert [type(p) for p in parts] == [ArtifactPart, ArtifactPart, DonePart]


def test_what_a_consumer_borrowed_is_back_before_a_later_stage_waits(decoder):
    borrowed = []

    class Borrower(Sum):
        def __init__(self, job, info):
            super().__init__(job, info)
            borrowed.append("model")
            weakref.finalize(self, borrowed.clear)

    class Awaited(Sum):
        def awaited(self):
            yield Pause("far", Future())

    parts = ClipPass([stage("decode", decoder, "frames"), stage("a", Borrower, "a"), stage("b", Awaited, "b")])
    for part in parts.run(JOB, {}):
        if isinstance(part, FactsPart):
            assert borrowed
        if isinstance(part, Pause) and not part.is_over:
            break
    assert not borrowed


class Microphone:
    """A source of half a second of sound in five chunks of 0.1 s."""

    @contextmanager
    def __call__(self, media, max_frames=None):
        class Stream:
            info = SOUND

            def __iter__(self):
                for i in range(5):
                    yield AudioChunk(i * 100, np.full((100, 1), i / 8, np.float32), 1000)

            def facts(self):
                return AudioFacts(500, 0.5)

        yield Stream()


SOUND = AudioInfo(1000, 1, "made", "flt", 1000, 1)


class Seen:
    """What a stage is shown, by kind and first index."""

    def __init__(self, *wants):
        self.wants = frozenset(wants)
        self.chunks = []

    def __call__(self, job, info):
        self.info = info
        return self

    def push(self, chunk):
        is_sound = isinstance(chunk, AudioChunk)
        self.chunks.append(("sound", chunk.first_sample) if is_sound else ("frame", chunk.first_index))

    def finish(self, given):
        self.given = dict(given)
        return 0


def reading(name, call, *reads):
    return BoundStage(StageSpec(name, 1, NoSettings, reads, (name,)), call)


def test_frames_and_samples_go_to_those_who_want_them_in_order_of_time(decoder):
    both, sound, neither = Seen("frames", "waveform"), Seen("waveform"), Seen()
    made = ClipPass(
        [
            stage("decode", decoder, "frames"),
            stage("audio", Microphone(), "waveform"),
            reading("both", both, "frames", "waveform"),
            reading("sound", sound, "waveform"),
            reading("neither", neither, "text"),
        ]
    )
    parts = [p for p in made.run(JOB, {}) if not isinstance(p, Pause)]
    kinds = [InfoPart, InfoPart, FactsPart, FactsPart, ArtifactPart, ArtifactPart, ArtifactPart, DonePart]
    assert [type(p) for p in parts] == kinds
    assert [p.info for p in parts[:2]] == [INFO, SOUND]
    assert both.chunks == [("frame", 0), ("sound", 0), ("frame", 1), *(("sound", i * 100) for i in range(1, 5))]
    assert sound.chunks == [("sound", i * 100) for i in range(5)]
    assert neither.chunks == []
    assert (both.info, sound.info, neither.info) == (INFO, SOUND, None)
    assert (both.given["info"], both.given["audio_info"]) == (INFO, SOUND)
    assert (both.given["facts"], both.given["audio_facts"]) == (DecodeFacts(2), AudioFacts(500, 0.5))
    assert {*parts[-1].seconds} == {"decode", "audio", "both", "sound", "neither"}


def test_a_pass_may_have_no_video_at_all():
    sound = Seen("waveform")
    made = ClipPass([stage("audio", Microphone(), "waveform"), reading("sound", sound, "waveform")])
    parts = list(made.run(JOB, {}, want={"waveform"}))
    assert sum(isinstance(p, ChunkPart) for p in parts) == 5
    assert sound.given["facts"] is None and sound.given["audio_facts"] == AudioFacts(500, 0.5)


@contextmanager
def refusing(media, max_frames=None):
    raise BadInput("OPEN_FAILED", f"{media.name} does not open", "the library's words")
    yield


class Breaking(Microphone):
    def __init__(self, error):
        self.error = error

    @contextmanager
    def __call__(self, media, max_frames=None):
        error = self.error

        class Stream:
            info = SOUND

            def __iter__(self):
                yield AudioChunk(0, np.zeros((10, 1), np.float32), 1000)
                raise error

        yield Stream()


def listener(call, **reasons):
    return BoundStage(StageSpec("listener", 1, NoSettings, ("waveform",), ("x",), media_reasons=reasons), call)


@pytest.mark.parametrize("source", [refusing, Breaking(BadInput("OPEN_FAILED", "x.mpg does not open"))])
def test_a_stage_may_have_its_own_reasons_for_what_its_source_refuses(source):
    made = ClipPass([stage("audio", source, "waveform"), listener(Seen("waveform"), OPEN_FAILED="SOUND_UNREADABLE")])
    with pytest.raises(BadInput, match=r"SOUND_UNREADABLE: x\.mpg does not open") as caught:
        list(made.run(JOB, {}))
    assert isinstance(caught.value.__cause__, BadInput)
    assert caught.value.detail == caught.value.__cause__.detail


@pytest.mark.parametrize("error", [BadInput("TOO_LONG", "x.mpg is long"), Transient("OPEN_FAILED", "not now")])
def test_other_reasons_and_other_errors_stay_as_they_are(error):
    listens = listener(Seen("waveform"), OPEN_FAILED="SOUND_UNREADABLE")
    with pytest.raises(type(error), match=f"{error.reason}: {error.message}"):
        list(ClipPass([stage("audio", Breaking(error), "waveform"), listens]).run(JOB, {}))


def test_what_a_stage_itself_refuses_keeps_its_reason(decoder):
    class Picky(Seen):
        def push(self, chunk):
            raise BadInput("OPEN_FAILED", "not what the source says")

    with pytest.raises(BadInput, match="OPEN_FAILED: not what the source says"):
        list(
            ClipPass([stage("audio", Microphone(), "waveform"), listener(Picky("waveform"), OPEN_FAILED="X")]).run(
                JOB, {}
            )
        )


def test_a_pass_may_need_no_stream_at_all():
    text = Seen()
    parts = list(ClipPass([reading("tokens", text, "text")]).run(JOB, {}))
    assert [type(p) for p in parts] == [ArtifactPart, DonePart]


def test_a_stream_that_nobody_wants_is_opened_and_not_decoded(decoder):
    made = ClipPass(
        [stage("decode", decoder, "frames"), stage("audio", Microphone(), "waveform"), reading("s", Seen("waveform"))]
    )
    facts = [p.facts for p in made.run(JOB, {}) if isinstance(p, FactsPart)]
    assert (facts, decoder.num_decoded, decoder.closed) == ([AudioFacts(500, 0.5)], 0, True)


def test_a_stage_whose_stream_has_no_source_is_refused(decoder):
    made = ClipPass([stage("decode", decoder, "frames"), reading("s", Seen("waveform"))])
    with pytest.raises(BadConfig, match="NO_SOURCE: the pass has no stage that makes waveform"):
        list(made.run(JOB, {}))
    with pytest.raises(BadConfig, match="TWO_SOURCES"):
        ClipPass([stage("a", Microphone(), "waveform"), stage("b", Microphone(), "waveform")])


def test_samples_of_the_caller_replace_the_source():
    sound = Seen("waveform")
    chunks = iter([AudioChunk(0, np.zeros((10, 1), np.float32), 1000)])
    list(ClipPass([reading("s", sound, "waveform")]).run(JOB, {}, pushed=chunks, info=SOUND))
    assert (sound.info, sound.chunks) == (SOUND, [("sound", 0)])


def test_a_stage_of_several_artifacts_hands_each_on_by_its_name(decoder):
    class Two(Sum):
        def finish(self, given):
            return {"a": 1, "b": 2}

    two = BoundStage(StageSpec("two", 1, NoSettings, ("frames",), ("a", "b")), Two)
    parts = list(ClipPass([stage("decode", decoder, "frames"), two, stage("c", Sum, "c")]).run(JOB, {}))
    assert [(p.name, p.value) for p in parts if isinstance(p, ArtifactPart)] == [("a", 1), ("b", 2), ("c", 6)]
    # With one of two known it runs again; with both it does not.
    for given, num_made in (({"a": 1}, 3), ({"a": 1, "b": 2}, 1)):
        parts = ClipPass([stage("decode", decoder, "frames"), two, stage("c", Sum, "c")]).run(JOB, given)
        assert sum(isinstance(p, ArtifactPart) for p in parts) == num_made


class Tree(Sum):
    """A file a frame while they come, and one at the end."""

    def push(self, chunk):
        self.last = chunk

    def files_so_far(self):
        yield ProductFile.of(f"frames/{self.last.first_index}", self.last.frames_THWC.tobytes())

    def finish(self, given):
        return Product((ProductFile.of("end", b"all"),), {"seen": 2})


def test_files_of_a_product_go_out_while_frames_come_in_and_before_its_facts(decoder):
    made = ClipPass([stage("decode", decoder, "frames"), stage("t", Tree, "tree"), stage("a", Sum, "a")])
    parts = [part for part in made.run(JOB, {}, want={"frames"}) if not isinstance(part, Pause)]
    told = [part.name if isinstance(part, FilePart) else type(part).__name__ for part in parts]
    assert told == [
        *["InfoPart", "ProductPart", "frames/0", "PiecePart", "ChunkPart", "frames/1", "PiecePart", "ChunkPart"],
        *["FactsPart", "end", "PiecePart", "ArtifactPart", "ArtifactPart", "DonePart"],
    ]
    assert parts[11] == ArtifactPart("tree", Product((), {"seen": 2}))
    assert parts[-1].seconds.keys() == {"decode", "t", "a"}


def test_a_product_without_files_begins_too(decoder):
    class Bare(Sum):
        def finish(self, given):
            return Product()

    parts = list(ClipPass([stage("decode", decoder, "frames"), stage("b", Bare, "b")]).run(JOB, {}))
    assert [part for part in parts if isinstance(part, ProductPart)] == [ProductPart("b")]


def test_a_pass_makes_one_product_of_a_clip(decoder):
    made = ClipPass([stage("decode", decoder, "frames"), stage("t", Tree, "tree"), stage("u", Tree, "other")])
    with pytest.raises(BadConfig, match=r"TWO_PRODUCTS: .*\['t', 'u'\]"):
        list(made.run(JOB, {}))


def test_progress_is_told_from_samples_too():
    progress = Progress()
    assert progress.add(AudioChunk(500, np.zeros((500, 1), np.float32), 1000, start_s=7.0)) == 1.0
    assert progress.add(FrameChunk(0, np.zeros((2, 2, 4, 3), np.uint8), np.array([3.0, 4.5]))) == 1.5
