"""A made-up body and hand, in pixels, and a made-up model file."""

from collections.abc import Callable, Sequence
from typing import Any

import flatbuffers
import numpy as np
import pytest

from services.base.media.arrays import Float64Array


def made_body(centre_x: float = 200.0, top_y: float = 50.0, size: float = 100.0) -> Float64Array:
    """Upright, facing the camera, arms hanging, its left at larger x; float64 [33, 2]. size: the shoulder width."""
    pose = np.zeros((33, 2))
    pose[:11] = np.linspace((-0.2, 0.0), (0.2, 0.3), 11)
    half = {11: (0.5, 0.7), 13: (0.6, 1.4), 15: (0.65, 2.1), 17: (0.7, 2.3), 19: (0.65, 2.4), 21: (0.6, 2.2)}
    half |= {23: (0.35, 2.2), 25: (0.35, 3.0), 27: (0.35, 3.8), 29: (0.35, 3.9), 31: (0.4, 4.0)}
    for left, (x, y) in half.items():
        pose[left], pose[left + 1] = (x, y), (-x, y)
    return pose * size + (centre_x, top_y)


def made_hand(wrist: tuple[float, float], size: float = 30.0) -> Float64Array:
    """Fingers up from the wrist; float64 [21, 2]."""
    grid = np.stack((np.tile(np.linspace(-0.4, 0.4, 5), 4), -np.repeat(np.linspace(0.3, 1.0, 4), 5)), axis=1)
    return np.concatenate((np.zeros((1, 2)), grid)) * size + wrist


@pytest.fixture(scope="session")
def body() -> Callable[..., Float64Array]:
    return made_body


@pytest.fixture(scope="session")
def hand() -> Callable[..., Float64Array]:
    return made_hand


def made_tflite_model(
    inputs: Sequence[tuple[int, ...]] = ((1, 256, 256, 3),),
    outputs: Sequence[tuple[int, ...]] = ((1, 256, 256, 1),),
    weights: bytes = b"w" * 99,
) -> bytes:
    """A .tflite model of tensors and weights alone, which no runtime can execute."""
    builder = flatbuffers.Builder(1024)
    data = builder.CreateByteVector(weights)
    buffer = _table(builder, {0: data})
    tensors = [_table(builder, {0: _ints(builder, shape)}) for shape in (*inputs, *outputs)]
    ends = {1: range(len(inputs)), 2: range(len(inputs), len(tensors))}
    vectors = {field: _ints(builder, list(places)) for field, places in ends.items()}
    graph = _table(builder, {0: _tables(builder, tensors), **vectors})
    model = _table(builder, {2: _tables(builder, [graph]), 4: _tables(builder, [buffer])})
    builder.Finish(model, file_identifier=b"TFL3")
    return bytes(builder.Output())


def _table(builder: Any, fields: dict[int, int]) -> int:
    builder.StartObject(5)
    for field, offset in fields.items():
        builder.PrependUOffsetTRelativeSlot(field, offset, 0)
    return int(builder.EndObject())


def _tables(builder: Any, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _ints(builder: Any, values: Sequence[int]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependInt32(value)
    return int(builder.EndVector())


@pytest.fixture(scope="session")
def tflite_model() -> Callable[..., bytes]:
    """Bytes of a model of these inputs and outputs."""
    return made_tflite_model
