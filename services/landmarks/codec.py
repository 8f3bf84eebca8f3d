"""Landmarks to protos and back, exactly.

Raises BadInput BAD_MESSAGE for a message that breaks the rules stated in the protos.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np
from visemill.v1 import common_pb2

from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import topology
from services.base.rpc.codec import PIECE_BYTES, bad_message

_BYTES_PER_POINT = 8
# The proto's zero is "unspecified", so its numbers are ours plus one.
_SOURCE_SHIFT = 1


def landmarks_to_protos(value: Landmarks) -> Iterator[common_pb2.LandmarkChunk]:
    """The points in messages of at most PIECE_BYTES; none for no frames."""
    num_frames, num_points = value.points_TNC.shape[:2]
    step = max(1, PIECE_BYTES // (num_points * _BYTES_PER_POINT))
    for start in range(0, num_frames, step):
        part = slice(start, start + step)
        yield common_pb2.LandmarkChunk(
            first_index=start,
            points=value.points_TNC[part].astype("<f4", copy=False).tobytes(),
            scores=value.score_T[part].tolist(),
            sources=[_source_to_proto(s) for s in value.source_T[part].tolist()],
        )


def landmarks_from_protos(
    name: str, width_px: int, height_px: int, messages: Iterable[common_pb2.LandmarkChunk]
) -> Landmarks:
    """The inverse of `landmarks_to_protos`. name: of the topology."""
    try:
        num_points = topology(name).num_points
    except KeyError as error:
        raise bad_message(f"{error.args[0]}: the server is newer than this client") from None
    points = [np.empty((0, num_points, 2), np.float32)]
    scores: list[float] = []
    sources: list[int] = []
    for message in messages:
        num_frames = len(message.scores)
        if message.first_index != len(scores):
            raise bad_message(f"points of frame {message.first_index} came where those of frame {len(scores)} were due")
        if len(message.points) != num_frames * num_points * _BYTES_PER_POINT or len(message.sources) != num_frames:
            raise bad_message(
                f"{num_frames} scores came with {len(message.points)} bytes of points and {len(message.sources)} "
                f"sources: each frame of {name} has {num_points * _BYTES_PER_POINT} bytes and one source"
            )
        points.append(np.frombuffer(message.points, "<f4").astype(np.float32).reshape(num_frames, num_points, 2))
        scores.extend(message.scores)
        sources.extend(_source_from_proto(s) for s in message.sources)
    return Landmarks(
        name,
        np.concatenate(points),
        np.array(scores, np.float32),
        np.array(sources, np.uint8),
        width_px,
        height_px,
    )


def _source_to_proto(source: int) -> common_pb2.PointSource:
    return cast("common_pb2.PointSource", PointSource(source) + _SOURCE_SHIFT)


def _source_from_proto(source: int) -> int:
    try:
        return int(PointSource(source - _SOURCE_SHIFT))
    except ValueError:
        raise bad_message(f"{source} is not a point source that this side knows") from None
