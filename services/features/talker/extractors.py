"""The models that make rows of features of a sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from services.base.media.arrays import Float32Array, Int16Array
from services.features.batching.in_flight import BatchesOfClip, Departures, Fitted, request_size
from services.features.opening import open_model
from services.features.talker.mel import least_samples, mel_rows
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.windows import WINDOW_ROWS, averaged, mel_windows, with_ends


@dataclass(frozen=True)
class Rows:
    """vectors_TX: float32 [T, ...]. weights: as of AudioFeatures. facts: what else decided them."""

    vectors_TX: Float32Array
    weights: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class Extractor(Protocol):
    """One opened model."""

    def __call__(self, samples_T: Int16Array, fps: float, name: str) -> Rows:
        """samples_T: int16 at 16 kHz, one or more. fps: rows a second. name: of the clip, for messages.

        Raises BadInput OUT_OF_MEMORY, and what the model of a network raises.
        """
        ...


def open_ave(config: AudioFeaturesConfig) -> Extractor:
    """Loads the network once. Raises BadConfig as `open_model` does."""
    network = config.network
    assert network is not None
    model = open_model(network, "windows")
    size = request_size(config.batch_size, model.num_in_flight)
    return AveExtractor(Departures(Fitted(model, size), size))


def open_mel(config: AudioFeaturesConfig) -> Extractor:
    """Loads nothing."""
    del config
    return averaged_mel


class AveExtractor:
    """Windows of the spectrogram through the network, in batches by count: they are a function of the sound alone."""

    def __init__(self, departures: Departures) -> None:
        self._departures = departures

    def __call__(self, samples_T: Int16Array, fps: float, name: str) -> Rows:
        batches = BatchesOfClip(self._departures, name)
        for windows_NBT in in_batches(windows_of([samples_T], fps), self._departures.batch_size):
            batches.send(windows_NBT[:, None])
        vectors_ND = batches.answers()
        splits = {"num_split_batches": batches.num_splits} if batches.num_splits else {}
        return Rows(np.concatenate(list(with_ends([vectors_ND]))), self._departures.computer.weights, splits)


def averaged_mel(samples_T: Int16Array, fps: float, name: str) -> Rows:
    """The windows themselves, averaged to 512 values."""
    del name
    pieces = [averaged(windows_NBT) for windows_NBT in windows_of([samples_T], fps)]
    return Rows(np.concatenate(list(with_ends(pieces))))


def windows_of(pieces: Iterable[Int16Array], fps: float) -> Iterator[Float32Array]:
    """float32 [N_i, 80, 16]: windows of a sound's spectrogram, each as soon as its sound is there. One too short for a
    window is followed by silence.
    """
    return mel_windows(mel_rows(_long_enough(pieces)), fps)


def _long_enough(pieces: Iterable[Int16Array]) -> Iterator[Int16Array]:
    missing = least_samples(WINDOW_ROWS)
    for piece_T in pieces:
        missing -= len(piece_T)
        yield piece_T
    if missing > 0:
        yield np.zeros(missing, np.int16)


def in_batches(pieces: Iterable[Float32Array], size: int) -> Iterator[Float32Array]:
    """The same items in arrays of `size`, the last one of fewer."""
    held: Float32Array | None = None
    for piece in pieces:
        held = piece if held is None else np.concatenate([held, piece])
        while len(held) >= size:
            yield held[:size]
            held = held[size:]
    if held is not None and len(held):
        yield held
