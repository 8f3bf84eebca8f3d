"""Messages of SpeechFeatureService and the values they stand for, in both directions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from visemill.v1 import speech_pb2

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array
from services.base.media.audio import SoundFacts
from services.base.media.features import FilterbankFrames, SpeechFeatures
from services.base.media.tokens import TextIds
from services.base.rpc.codec import DATA_BYTES
from services.features.speech.filterbank import NUM_BINS, STACKED, check_length

NUM_CHANNELS = STACKED * NUM_BINS
_FRAME_BYTES = 4 * NUM_CHANNELS


def text_ids_to_proto(value: TextIds) -> speech_pb2.TextIds:
    """The same facts."""
    return speech_pb2.TextIds(
        ids=value.ids_N.tolist(),
        text=value.text,
        language=value.language,
        num_unknown=value.num_unknown,
        unknown=value.unknown,
        not_normalised=value.not_normalised,
    )


def features_to_proto(value: SpeechFeatures) -> speech_pb2.SpeechFeatures:
    """The same numbers."""
    return speech_pb2.SpeechFeatures(
        codes=value.codes_L.tolist(),
        num_dims=len(value.emo_vec_D),
        condition=value.condition_KD.astype("<f4", copy=False).tobytes(),
        emo_vec=value.emo_vec_D.astype("<f4", copy=False).tobytes(),
        sources=value.sources,
        num_splits=value.num_splits,
    )


def features_from_proto(message: speech_pb2.SpeechFeatures) -> SpeechFeatures:
    """The inverse. Raises BadInput BAD_MESSAGE."""
    width = message.num_dims
    if width < 1 or len(message.emo_vec) != 4 * width or not message.condition or len(message.condition) % (4 * width):
        raise BadInput(
            "BAD_MESSAGE",
            f"an emotion vector of {len(message.emo_vec)} bytes and a condition of {len(message.condition)} are not "
            f"float32 of {width} values each",
        )
    return SpeechFeatures(
        np.array(message.codes, np.int32),
        _floats(message.condition).reshape(-1, width),
        _floats(message.emo_vec),
        dict(message.sources),
        message.num_splits,
    )


def sound_to_proto(value: SoundFacts) -> speech_pb2.SoundFacts:
    """The same fields under the same names."""
    values: dict[str, Any] = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    values["warnings"] = [line.encode(errors="replace").decode() for line in value.warnings]
    return speech_pb2.SoundFacts(**values)


def filterbank_bytes(value: FilterbankFrames) -> Iterator[bytes]:
    """Its values in pieces of at most DATA_BYTES."""
    data = value.frames_TC.astype("<f4", copy=False).tobytes()
    for start in range(0, len(data), DATA_BYTES):
        yield data[start : start + DATA_BYTES]


def filterbank_of(num_frames: int, pieces: Iterator[bytes]) -> FilterbankFrames:
    """The inverse. Raises BadInput TOO_SHORT, TOO_LONG before a piece is read, BAD_MESSAGE, NOT_FINITE."""
    check_length(num_frames, "the filterbank")
    size_bytes = num_frames * _FRAME_BYTES
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > size_bytes:
            break
    if len(data) != size_bytes:
        raise BadInput(
            "BAD_MESSAGE",
            f"{num_frames} frames of {NUM_CHANNELS} float32 are {size_bytes} bytes, and "
            f"{'more' if len(data) > size_bytes else len(data)} came",
        )
    frames_TC = _floats(bytes(data)).reshape(num_frames, NUM_CHANNELS)
    if not np.isfinite(frames_TC).all():
        raise BadInput("NOT_FINITE", "the filterbank has values that are no numbers: compute it from whole samples")
    return FilterbankFrames(frames_TC)


def _floats(data: bytes) -> Float32Array:
    return np.frombuffer(data, "<f4").astype(np.float32)
