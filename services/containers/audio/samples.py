"""Samples as arrays: to float32, down-mix, resampling. The one home of soxr. The same samples whatever their pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import soxr

from services.base.media.arrays import Float32Array
from services.containers.audio.sinc import resampled_by_sinc

# The resampler is fed blocks of one size: what comes out is a function of the samples alone.
_BLOCK_SAMPLES = 8192
# Full scale of whole numbers, and where silence lies.
_SCALES = {"u8": (128.0, 128.0), "s16": (0.0, 2.0**15), "s32": (0.0, 2.0**31), "s64": (0.0, 2.0**63)}


def to_float32(samples: Any, sample_format: str, num_channels: int) -> Float32Array:
    """float32 [T, C] in -1..1 of a decoded frame.

    samples: array of PyAV, [C, T] of a planar format (its name ends in p), else [1, T * C].
    """
    kind = sample_format.removesuffix("p")
    samples_TC = samples.T if sample_format.endswith("p") else samples.reshape(-1, num_channels)
    if kind not in _SCALES:
        return np.ascontiguousarray(samples_TC, np.float32)
    silence, scale = _SCALES[kind]
    return np.ascontiguousarray((samples_TC.astype(np.float64) - silence) / scale, np.float32)


def mixed_down(samples_TC: Float32Array) -> Float32Array:
    """The mean of the channels, float32 [T, 1]."""
    if samples_TC.shape[1] == 1:
        return samples_TC
    return samples_TC.mean(axis=1, dtype=np.float64, keepdims=True).astype(np.float32)


def resampled(
    blocks: Iterable[Float32Array], source_rate_hz: int, rate_hz: int, resampler: str = "soxr"
) -> Iterator[Float32Array]:
    """The sound at another rate, float32 [T, C] in pieces. resampler: one of config.RESAMPLERS.

    By soxr (HQ: 20 bits, pass band to .91 of the lower rate's half, linear phase, no delay) N samples become
    N * rate_hz / source_rate_hz, rounded (a half up); by sinc as many, rounded up.
    """
    if resampler == "sinc":
        yield from resampled_by_sinc(blocks, source_rate_hz, rate_hz)
        return
    yield from _resampled_by_soxr(blocks, source_rate_hz, rate_hz)


def _resampled_by_soxr(blocks: Iterable[Float32Array], source_rate_hz: int, rate_hz: int) -> Iterator[Float32Array]:
    if source_rate_hz == rate_hz:
        yield from blocks
        return
    stream: Any = None
    for block, is_last in _with_last(in_blocks(blocks, _BLOCK_SAMPLES)):
        if stream is None:
            stream = soxr.ResampleStream(source_rate_hz, rate_hz, block.shape[1], dtype="float32", quality="HQ")
        out: Float32Array = stream.resample_chunk(block, last=is_last)
        if len(out):
            yield out


def in_blocks(pieces: Iterable[Float32Array], num_samples: int) -> Iterator[Float32Array]:
    """The same samples in blocks of num_samples, the last one shorter; none is empty."""
    held: list[Float32Array] = []
    num_held = 0
    for piece in pieces:
        rest = piece
        while num_held + len(rest) >= num_samples:
            room = num_samples - num_held
            yield np.concatenate([*held, rest[:room]]) if held else np.ascontiguousarray(rest[:room])
            held, num_held, rest = [], 0, rest[room:]
        if len(rest):
            held.append(rest)
            num_held += len(rest)
    if held:
        yield np.concatenate(held)


def _with_last(blocks: Iterator[Float32Array]) -> Iterator[tuple[Float32Array, bool]]:
    before = next(blocks, None)
    while before is not None:
        following = next(blocks, None)
        yield before, following is None
        before = following
