"""Which passes are split, and clips through one that is: windows, halves of a batch that fails, the shard's order."""

import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest

from services.base.errors import BadConfig, BadInput, Transient
from services.base.media.clip import Media
from services.base.run.manifest import ClipRow
from services.base.stage.clip_pass import ArtifactPart, DonePart
from services.base.stage.product import Product
from services.base.stage.spec import StageSpec
from services.base.stage.window import ClipSize, Together, Window
from services.base.worker.carrying import CarriedClip, Carrying
from services.base.worker.prefetch import ReadClip
from services.base.worker.windows import ChildInThread, Decoders, SplitPass, WindowByWindow, split_of


@dataclass(frozen=True)
class Config:
    """None."""


def size(key: str, artifacts: Mapping[str, Any]) -> ClipSize:
    return ClipSize(key, artifacts["bands"], 1.0)


WINDOW = Window(3, 100.0, size, lambda sizes: [sorted(range(len(sizes)), key=lambda i: sizes[i].num_steps)])
AUDIO = StageSpec("audio", 1, Config, reads=("media",), writes=("waveform",))
BANDS = StageSpec("bands", 1, Config, reads=("waveform",), writes=("bands",))
VOICES = StageSpec("voices", 1, Config, reads=("bands",), writes=("voices",), window=lambda _: WINDOW)
FILES = StageSpec("files", 1, Config, reads=("voices",), writes=("file",))


def specs(*some: StageSpec) -> tuple[list[tuple[str, dict[str, Any]]], dict[str, StageSpec]]:
    return [(spec.name, {}) for spec in some], {spec.name: spec for spec in some}


def test_a_pass_is_split_at_the_stage_with_a_window() -> None:
    stages, known = specs(AUDIO, BANDS, VOICES, FILES)
    split = split_of(stages, known, {})
    assert split is not None
    names = [[name for name, _ in part] for part in (split.before, split.own, split.after)]
    assert names == [["audio", "bands"], ["voices"], ["files"]]
    assert split_of(*specs(AUDIO, BANDS, FILES), {}) is None
    # A server makes batches by itself.
    assert split_of(stages, known, {"voices": "gpu:1"}) is None


MORE = StageSpec("more", 1, Config, reads=("voices",), writes=("w",), window=lambda _: WINDOW)
CACHED = StageSpec("voices", 1, Config, reads=("bands",), writes=("voices",), cached=True, window=lambda _: WINDOW)


@pytest.mark.parametrize(
    ("pass_of", "reason"),
    [
        ((AUDIO, BANDS, VOICES, MORE, FILES), "TWO_WINDOWS"),
        ((AUDIO, BANDS, VOICES), "WINDOW_OF_STREAMS.*a stage that writes after it"),
        ((AUDIO, VOICES, BANDS, FILES), "WINDOW_OF_STREAMS.*put bands before it"),
        ((AUDIO, BANDS, CACHED, FILES), "WINDOW_CACHED"),
    ],
)
def test_a_pass_that_cannot_be_split_is_refused(pass_of: tuple[StageSpec, ...], reason: str) -> None:
    with pytest.raises(BadConfig, match=reason):
        split_of(*specs(*pass_of), {})


class Clips:
    """In the place of the child of the clips: lengths by key; one of none is refused."""

    def __init__(self, lengths: Mapping[str, int | None]) -> None:
        self._lengths, self._stages = lengths, [("", {})]
        self.is_closed = False
        self.decoded: list[str] = []

    def rebind(self, stages: Any) -> None:
        self._stages = stages

    def close(self) -> None:
        self.is_closed = True

    def run(self, job: Any, *, given: Mapping[str, Any]) -> Generator[Any, None, None]:
        if self._stages[-1][0] == "bands":
            self.decoded.append(job.clip.key)
            length = self._lengths[job.clip.key]
            if length is None:
                raise BadInput("TOO_SHORT", f"{job.clip.key} is too short")
            assert job.media.data
            yield ArtifactPart("bands", length)
        else:
            assert not job.media.data and job.media.sha256
            yield ArtifactPart("file", Product(quality={"said": f"{job.clip.key}:{given['voices']}"}))
        yield DonePart({self._stages[-1][0]: 1.0})


class Network:
    """In the place of the network's child: ten times what it is given, all at once; a batch with `deadly` fails."""

    def __init__(self, deadly: int = -1) -> None:
        self.child, self._deadly, self.batches = self, deadly, list[list[int]]()

    def submit(self, call: Any) -> Future[Any]:
        answer: Future[Any] = Future()
        try:
            answer.set_result(call())
        except Exception as error:  # noqa: BLE001 - as an executor does
            answer.set_exception(error)
        return answer

    def run(self, job: Any, *, given: Mapping[str, Any], media_s: float) -> Iterator[Any]:
        values = list(given["bands"].values)
        self.batches.append(values)
        assert media_s == len(values)
        if self._deadly in values:
            raise BadInput("CLIP_CRASHED", f"{job.clip.key}: it ended")
        yield ArtifactPart("voices", Together(tuple(value * 10 for value in values)))
        yield DonePart({"voices": float(len(values))})


def carried(
    lengths: Mapping[str, int | None], network: Network, children: Sequence[Clips] | None = None
) -> list[CarriedClip]:
    stages, known = specs(AUDIO, BANDS, VOICES, FILES)
    split = split_of(stages, known, {})
    assert isinstance(split, SplitPass)
    carrying = Carrying(
        [],
        known,
        None,  # type: ignore[arg-type]
        use_cache=False,
        shard=0,
        stop_if_asked=lambda: None,
        writer=None,  # type: ignore[arg-type]
    )
    reads = [
        ReadClip(
            ClipRow(
                key=key,
                utterance_id=key,
                speaker_id="",
                media=key,
                split="train",
                shard=0,
                position=i,
                idx=i,
                size_bytes=1,
                version="",
            ),
            Media.of_bytes(key, b"media"),
        )
        for i, key in enumerate(lengths)
    ]
    decoders = Decoders([ChildInThread(child, "decoder") for child in children or [Clips(lengths)]])  # type: ignore[arg-type]
    way = WindowByWindow(carrying, decoders, network, split)  # type: ignore[arg-type]
    try:
        return list(way.carried(iter(reads)))  # type: ignore[arg-type]
    finally:
        decoders.close()


def test_clips_come_in_the_shards_order_from_batches_of_its_windows() -> None:
    network = Network()
    found = carried({"a": 5, "b": 3, "c": 4, "d": 9, "e": 1}, network)
    assert network.batches == [[3, 4, 5], [1, 9]]
    assert [clip.product and clip.product.quality["said"] for clip in found] == [
        "a:50",
        "b:30",
        "c:40",
        "d:90",
        "e:10",
    ]
    assert all(clip.seconds == {"bands": 1.0, "voices": 1.0, "files": 1.0} for clip in found)
    assert not any(clip.has_split for clip in found)


def test_a_clip_that_fails_before_counts_as_one_of_its_window_and_is_in_no_batch() -> None:
    network = Network()
    found = carried({"a": 5, "b": None, "c": 4, "d": 9}, network)
    assert network.batches == [[4, 5], [9]]
    assert [clip.error and clip.error.reason for clip in found] == [None, "TOO_SHORT", None, None]


def test_a_batch_that_fails_is_halved_until_what_fails_is_alone() -> None:
    network = Network(deadly=4)
    found = carried({"a": 5, "b": 3, "c": 4}, network)
    assert network.batches == [[3, 4, 5], [3], [4, 5], [4], [5]]
    assert [clip.error and clip.error.reason for clip in found] == [None, None, "CLIP_CRASHED"]
    assert [clip.product and clip.product.quality["said"] for clip in found[:2]] == ["a:50", "b:30"]
    assert all(clip.has_split for clip in found)


def test_what_is_no_clips_fault_ends_the_shard() -> None:
    class Without(Network):
        def __init__(self, error: Exception) -> None:
            super().__init__()
            self._error = error

        def run(self, job: Any, *, given: Mapping[str, Any], media_s: float) -> Iterator[Any]:
            raise self._error

    for error in (BadConfig("NO_GPU", "there is none"), Transient("MEMORY_RAN_OUT", "it was killed")):
        with pytest.raises(type(error), match=error.reason):
            carried({"a": 1}, Without(error))


LENGTHS = {"a": 5, "b": 3, "c": None, "d": 9, "e": 1, "f": 7, "g": 2}


class Slow(Clips):
    """Decodes nothing before the others have."""

    def __init__(self, lengths: Mapping[str, int | None], others: Sequence[Clips]) -> None:
        super().__init__(lengths)
        self._others, self.has_waited = others, threading.Event()

    def run(self, job: Any, *, given: Mapping[str, Any]) -> Generator[Any, None, None]:
        while not self.has_waited.is_set() and not any(other.decoded for other in self._others):
            self.has_waited.wait(0.001)
        self.has_waited.set()
        yield from super().run(job, given=given)


def test_three_decoders_give_the_clips_and_batches_of_one() -> None:
    one, three = Network(), Network()
    expected = carried(LENGTHS, one)
    children = [Clips(LENGTHS), Clips(LENGTHS)]
    children.insert(0, Slow(LENGTHS, list(children)))
    found = carried(LENGTHS, three, children)
    assert three.batches == one.batches
    assert [clip.read.row.key for clip in found] == list(LENGTHS)
    assert [clip.product for clip in found] == [clip.product for clip in expected]
    assert [clip.error and clip.error.reason for clip in found][2] == "TOO_SHORT"
    assert sorted(key for child in children for key in child.decoded) == sorted(LENGTHS)
    assert all(child.is_closed for child in children)
    assert sum(bool(child.decoded) for child in children) > 1


def test_calls_go_to_the_child_that_has_the_least_to_do() -> None:
    gates = [threading.Event(), threading.Event()]
    decoders = Decoders([ChildInThread(Clips({}), "decoder") for _ in gates])  # type: ignore[arg-type]
    held = [decoders.submit(lambda child, gate=gate: gate.wait(60) and child) for gate in gates]  # type: ignore[misc]
    gates[1].set()
    free = held[1].result(timeout=60)
    assert [decoders.submit(lambda child: child).result(timeout=60) for _ in range(3)] == [free] * 3
    gates[0].set()
    assert held[0].result(timeout=60) is not free
    assert decoders.most_ahead == 4
    decoders.close()


def test_a_decoder_that_ends_the_shard_leaves_none_at_work() -> None:
    class Lost(Clips):
        def run(self, job: Any, *, given: Mapping[str, Any]) -> Generator[Any, None, None]:
            raise Transient("MEMORY_RAN_OUT", "it was killed")
            yield

    children = [Lost(LENGTHS), Clips(LENGTHS)]
    with pytest.raises(Transient, match="MEMORY_RAN_OUT"):
        carried(LENGTHS, Network(), children)
    assert all(child.is_closed for child in children)
