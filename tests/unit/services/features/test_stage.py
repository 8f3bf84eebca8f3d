"""A clip's frames become its vectors: batches are cut by counting frames, whatever chunks they came in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadInput, OutOfMemory
from services.base.media.clip import Clip, Media
from services.base.media.features import Features
from services.base.media.video import FrameChunk
from services.base.stage.artifacts import decode_artifact, encode_artifact
from services.base.stage.spec import ClipJob, Consumer
from services.features import stage
from services.features.spec import SPEC, FeaturesConfig

JOB = ClipJob(Clip("s1/hello", "hello", "s1", "s1/hello.mp4"), Media.of_bytes("hello.mp4", b"media"))


class Counting:
    """Two values a frame: its first pixel, and the size of the batch that it came in. Fits `room` frames."""

    name, weights = "counting", "seeded:0"

    def __init__(self, room: int = 1000, num_in_flight: int = 1) -> None:
        self.num_in_flight = num_in_flight
        self.room = room
        self.batches: list[tuple[int, ...]] = []

    def __call__(self, frames_NHWC: np.ndarray) -> np.ndarray:
        if len(frames_NHWC) > self.room:
            raise OutOfMemory("full")
        self.batches.append(frames_NHWC.shape)
        first_N = frames_NHWC[:, 0, 0, 0].astype(np.float32)
        return np.stack([first_N, np.full_like(first_N, len(frames_NHWC))], axis=1)


def frames(num_frames: int, width_px: int = 36, height_px: int = 28) -> np.ndarray:
    frames_THWC = np.empty((num_frames, height_px, width_px, 3), np.uint8)
    frames_THWC[:] = np.arange(num_frames, dtype=np.uint8)[:, None, None, None]
    return frames_THWC


def features(model: Counting, chunks: list[int], batch_size: int = 4) -> Features:
    consumer = opened(model, batch_size)(JOB, None)
    start, frames_THWC = 0, frames(sum(chunks))
    for size in chunks:
        times = np.arange(start, start + size) / 15.0
        consumer.push(FrameChunk(start, frames_THWC[start : start + size], times))
        start += size
    made: Features = consumer.finish({})
    return made


def opened(model: Counting, batch_size: int = 4) -> Consumer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "open_model", lambda config: model)
        return stage.open_stage(FeaturesConfig(batch_size=batch_size))


def test_every_frame_has_a_vector_and_its_time() -> None:
    made = features(Counting(), [10])
    assert made.vectors_TD[:, 0].tolist() == list(range(10))
    assert made.pts_s_T.tolist() == [i / 15.0 for i in range(10)]
    assert (made.model, made.weights, made.num_split_batches) == ("counting", "seeded:0", 0)
    assert made.vectors_TD.dtype == np.float32


def test_batches_are_whole_but_the_last_and_hold_small_frames() -> None:
    model = Counting()
    features(model, [10])
    assert model.batches == [(4, 299, 299, 3), (4, 299, 299, 3), (2, 299, 299, 3)]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=6), st.integers(1, 3))
def test_chunks_and_batches_on_their_way_change_nothing(chunks: list[int], num_in_flight: int) -> None:
    made = features(Counting(num_in_flight=num_in_flight), chunks, batch_size=4 * num_in_flight)
    assert encode_artifact("features", made) == encode_artifact(
        "features", features(Counting(), [sum(chunks)], batch_size=4)
    )


def test_what_memory_forced_smaller_is_recorded() -> None:
    made = features(Counting(room=2), [10])
    assert made.vectors_TD[:, 0].tolist() == list(range(10))
    assert made.num_split_batches == 2
    again = decode_artifact(encode_artifact("features", made), SPEC.artifacts)
    assert again.num_split_batches == 2


def test_clips_do_not_see_each_other() -> None:
    open_clip = opened(Counting())
    one, other = open_clip(JOB, None), open_clip(JOB, None)
    for i in range(6):
        one.push(FrameChunk(i, frames(6)[i : i + 1], np.array([float(i)])))
        other.push(FrameChunk(i, frames(6)[5 - i : 6 - i], np.array([float(i)])))
    assert one.finish({}).vectors_TD[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert other.finish({}).vectors_TD[:, 0].tolist() == [5, 4, 3, 2, 1, 0]


def test_a_frame_that_does_not_fit_alone_is_the_clips_end() -> None:
    with pytest.raises(BadInput, match=r"OUT_OF_MEMORY: s1/hello: .*counting"):
        features(Counting(room=0), [3])


def test_a_clip_without_a_frame_is_refused() -> None:
    with pytest.raises(BadInput, match="NO_FRAMES: s1/hello"):
        opened(Counting())(JOB, None).finish({})


def test_frames_that_change_size_are_refused() -> None:
    consumer = opened(Counting())(JOB, None)
    consumer.push(FrameChunk(0, frames(2), np.zeros(2)))
    with pytest.raises(BadInput, match=r"FRAME_SIZE_CHANGED.*frame 2 is 28x36 px after frames of 36x28 px"):
        consumer.push(FrameChunk(2, frames(1, 28, 36), np.zeros(1)))
