"""Landmarks over the wire: equal to the bit at the other end, in bounded messages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from visemill.v1 import common_pb2

from services.base.errors import BadInput
from services.base.media.points import Landmarks
from services.base.media.topology import IBUG_68, MEDIAPIPE_478, topology
from services.landmarks import codec


def _again(message: common_pb2.LandmarkChunk) -> common_pb2.LandmarkChunk:
    """The message as a receiver parses it."""
    return common_pb2.LandmarkChunk.FromString(message.SerializeToString())


@st.composite
def landmarks(draw: st.DrawFn) -> Landmarks:
    name = draw(st.sampled_from([IBUG_68, MEDIAPIPE_478]))
    num_frames = draw(st.integers(0, 4))
    bits = draw(hnp.arrays(np.uint32, (num_frames, topology(name).num_points, 2), fill=st.integers(0, 2**32 - 1)))
    scores = draw(hnp.arrays(np.float32, num_frames, elements=st.floats(width=32, allow_nan=False)))
    sources = draw(hnp.arrays(np.uint8, num_frames, elements=st.integers(0, 3)))
    return Landmarks(name, bits.view(np.float32), scores, sources, 360, 288)


@given(landmarks())
def test_landmarks_come_back_equal_to_the_bit(value: Landmarks) -> None:
    messages = [_again(m) for m in codec.landmarks_to_protos(value)]
    back = codec.landmarks_from_protos(value.topology, 360, 288, messages)
    assert back.points_TNC.tobytes() == value.points_TNC.tobytes()
    assert back.score_T.tobytes() == value.score_T.tobytes()
    assert back.source_T.tobytes() == value.source_T.tobytes()
    assert (back.topology, back.width_px, back.height_px) == (value.topology, 360, 288)


def _missing(num_frames: int) -> Landmarks:
    points = np.full((num_frames, 478, 2), np.nan, np.float32)
    return Landmarks(MEDIAPIPE_478, points, np.zeros(num_frames, np.float32), np.zeros(num_frames, np.uint8), 2, 2)


def test_points_of_a_long_clip_travel_in_bounded_messages() -> None:
    value = _missing(2000)
    messages = list(codec.landmarks_to_protos(value))
    assert len(messages) > 1
    assert max(m.ByteSize() for m in messages) < 4 << 20
    back = codec.landmarks_from_protos(MEDIAPIPE_478, 2, 2, messages)
    assert np.isnan(back.points_TNC).all()
    assert len(back.points_TNC) == 2000


def test_no_source_travels_as_unspecified() -> None:
    (message,) = codec.landmarks_to_protos(_missing(1))
    assert message.sources == [common_pb2.POINT_SOURCE_MISSING]


def _chunk(**fields: object) -> common_pb2.LandmarkChunk:
    (message,) = codec.landmarks_to_protos(_missing(2))
    for name, value in fields.items():
        message.ClearField(name)
        message.MergeFrom(common_pb2.LandmarkChunk(**{name: value}))  # type: ignore[arg-type]
    return message


@pytest.mark.parametrize(
    "fields", [{"points": b"1234"}, {"sources": [1]}, {"sources": [1, 0]}, {"sources": [1, 9]}, {"first_index": 1}]
)
def test_points_that_break_the_protos_rules_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="BAD_MESSAGE"):
        codec.landmarks_from_protos(MEDIAPIPE_478, 2, 2, [_chunk(**fields)])


def test_a_topology_that_this_side_does_not_know_is_refused() -> None:
    with pytest.raises(BadInput, match="newer than this client"):
        codec.landmarks_from_protos("face-9000", 2, 2, [])
