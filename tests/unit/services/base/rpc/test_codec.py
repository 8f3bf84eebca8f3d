"""Values over the wire: equal to the bit at the other end, in bounded messages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from visemill.v1 import common_pb2

from services.base.errors import BadInput
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.rpc import codec

MESSAGE_BYTES = 32 << 20
COUNT = st.integers(0, 2**62)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _again(message: object, kind: type) -> object:
    """The message as a receiver parses it."""
    return kind.FromString(message.SerializeToString())  # type: ignore[attr-defined]


@given(
    st.builds(
        VideoInfo,
        width_px=st.integers(1, 2**31 - 1),
        height_px=st.integers(1, 2**31 - 1),
        rotation_deg=st.sampled_from([0, 90, 180, 270]),
        fps_hz=st.floats(allow_nan=False),
        num_frames_declared=COUNT,
        duration_s=st.floats(allow_nan=False),
        codec=TEXT,
        pixel_format=TEXT,
    )
)
def test_infos_come_back_equal(info: VideoInfo) -> None:
    assert codec.info_from_proto(_again(codec.info_to_proto(info), common_pb2.VideoInfo)) == info  # type: ignore[arg-type]


@given(st.builds(DecodeFacts, COUNT, COUNT, COUNT, st.booleans(), st.booleans(), st.lists(TEXT).map(tuple)))
def test_facts_come_back_equal(facts: DecodeFacts) -> None:
    assert codec.facts_from_proto(_again(codec.facts_to_proto(facts), common_pb2.DecodeFacts)) == facts  # type: ignore[arg-type]


def test_a_warning_that_is_not_unicode_does_not_break_the_facts() -> None:
    assert codec.facts_to_proto(DecodeFacts(1, warnings=("bad \udcff byte",))).warnings == ["bad ? byte"]


@st.composite
def chunks(draw: st.DrawFn) -> FrameChunk:
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9), st.just(3)))
    frames = draw(hnp.arrays(np.uint8, shape))
    pts_s = draw(hnp.arrays(np.float64, shape[:1]))
    return FrameChunk(draw(st.integers(0, 2**40)), frames, pts_s)


@given(chunks())
def test_frames_come_back_equal(chunk: FrameChunk) -> None:
    (message,) = codec.frames_to_protos(chunk, MESSAGE_BYTES)
    _, height_px, width_px, _ = chunk.frames_THWC.shape
    back = codec.frames_from_proto(_again(message, common_pb2.FrameChunk), width_px, height_px)  # type: ignore[arg-type]
    assert back.first_index == chunk.first_index
    assert back.frames_THWC.tobytes() == chunk.frames_THWC.tobytes()
    assert back.pts_s.tobytes() == chunk.pts_s.tobytes()
    assert back.frames_THWC.flags.writeable


def test_a_large_chunk_travels_in_pieces_that_a_default_client_takes() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (30, 288, 360, 3), np.uint8)
    messages = list(codec.frames_to_protos(FrameChunk(5, frames, np.arange(30.0)), MESSAGE_BYTES))
    assert [m.first_index for m in messages] == [5, 15, 25]
    assert max(m.ByteSize() for m in messages) < 4 << 20
    back = [codec.frames_from_proto(m, 360, 288).frames_THWC for m in messages]
    assert np.array_equal(np.concatenate(back), frames)


def test_frames_that_are_views_travel_as_what_they_show() -> None:
    frames = np.arange(2 * 4 * 6 * 3, dtype=np.uint8).reshape(2, 4, 6, 3)[:, ::-1, ::2]
    (message,) = codec.frames_to_protos(FrameChunk(0, frames, np.zeros(2)), MESSAGE_BYTES)
    assert np.array_equal(codec.frames_from_proto(message, 3, 4).frames_THWC, frames)


def test_a_frame_larger_than_a_piece_travels_alone() -> None:
    frames = np.zeros((3, 1080, 1920, 3), np.uint8)
    messages = list(codec.frames_to_protos(FrameChunk(0, frames, np.zeros(3)), MESSAGE_BYTES))
    assert [len(m.pts_s) for m in messages] == [1, 1, 1]


def test_a_frame_larger_than_a_message_is_refused_with_the_remedy() -> None:
    codec.require_frame_fits(3840, 2160, MESSAGE_BYTES)
    with pytest.raises(BadInput, match="FRAME_TOO_LARGE: a frame of 7680x4320 px") as caught:
        codec.require_frame_fits(7680, 4320, MESSAGE_BYTES)
    assert "VISEMILL_MAX_MESSAGE_BYTES" in caught.value.message


@pytest.mark.parametrize(("num_pts", "num_bytes"), [(0, 0), (1, 11), (1, 13), (2, 12)])
def test_a_chunk_whose_bytes_do_not_match_its_times_is_refused(num_pts: int, num_bytes: int) -> None:
    message = common_pb2.FrameChunk(pts_s=[0.0] * num_pts, frames=bytes(num_bytes))
    with pytest.raises(BadInput, match="BAD_MESSAGE"):
        codec.frames_from_proto(message, 2, 2)
