"""Visemes of the 51 GRID words, and the mouth's way through them: co-articulation by dominance functions.

Source: Cohen and Massaro, Modeling coarticulation in synthetic visual speech (1993): every viseme pulls the mouth
towards its target with a weight that falls off exponentially around its own moment; the mouth is at the weighted mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import Float64Array
from services.corpus.alignment import Row


@dataclass(frozen=True)
class Viseme:
    """What a sound asks of the mouth, and of the voice.

    opening 0..1, width -1..1, rounding 0..1: the target. pull: weight of the target. length: share of a word's time.
    formants_hz: the first two resonances. voiced: 0..1. hiss: 0..1, noise of a fricative or a burst, of which a clear
    voice has most about hiss_hz.
    """

    opening: float
    width: float
    rounding: float
    pull: float
    length: float
    formants_hz: tuple[float, float]
    voiced: float
    hiss: float
    hiss_hz: float = 4000


VISEMES: dict[str, Viseme] = {
    "rest": Viseme(0.00, 0.0, 0.00, 1.0, 1.0, (500, 1500), 0.0, 0.0),
    "P": Viseme(0.00, -0.1, 0.10, 6.0, 0.8, (350, 1000), 0.25, 0.05),  # p b m
    "F": Viseme(0.07, 0.1, 0.00, 4.0, 0.9, (400, 1400), 0.10, 0.35, 5200),  # f v
    "T": Viseme(0.22, 0.2, 0.00, 1.2, 0.7, (400, 1800), 0.35, 0.25, 3600),  # t d n l
    "S": Viseme(0.14, 0.4, 0.00, 2.0, 0.9, (400, 1900), 0.10, 0.60, 6400),  # s z
    "C": Viseme(0.20, -0.4, 0.55, 2.0, 0.9, (400, 1800), 0.10, 0.55, 2600),  # ch j
    "K": Viseme(0.28, 0.1, 0.00, 0.8, 0.7, (400, 1700), 0.25, 0.25, 1700),  # k g
    "H": Viseme(0.25, 0.1, 0.00, 1.0, 0.8, (450, 1500), 0.15, 0.30, 4400),  # th
    "R": Viseme(0.22, -0.4, 0.50, 1.2, 0.8, (420, 1250), 0.70, 0.00),
    "W": Viseme(0.10, -0.7, 0.95, 2.5, 0.9, (320, 750), 0.70, 0.00),
    "U": Viseme(0.22, -0.6, 0.90, 1.8, 1.4, (330, 1000), 0.90, 0.00),
    "O": Viseme(0.55, -0.4, 0.65, 1.6, 1.6, (520, 900), 1.00, 0.00),
    "A": Viseme(0.92, 0.1, 0.00, 1.6, 1.6, (720, 1250), 1.00, 0.00),
    "E": Viseme(0.60, 0.4, 0.00, 1.4, 1.3, (560, 1750), 1.00, 0.00),
    "I": Viseme(0.34, 0.8, 0.00, 1.6, 1.4, (310, 2150), 0.95, 0.00),
}

VISEMES_OF_WORD: dict[str, str] = {
    "bin": "PIT", "lay": "TEI", "place": "PTEIS", "set": "SET",
    "blue": "PTU", "green": "KRIT", "red": "RET", "white": "WAIT",
    "at": "AT", "by": "PAI", "in": "IT", "with": "WIH",
    "a": "EI", "b": "PI", "c": "SI", "d": "TI", "e": "I", "f": "EF", "g": "CI", "h": "EIC", "i": "AI", "j": "CEI",
    "k": "KEI", "l": "ET", "m": "EP", "n": "ET", "o": "OU", "p": "PI", "q": "KIU", "r": "A", "s": "ES", "t": "TI",
    "u": "IU", "v": "FI", "x": "EKS", "y": "WAI", "z": "SET",
    "zero": "SIRO", "one": "WAT", "two": "TU", "three": "HRI", "four": "FO", "five": "FAIF", "six": "SIKS",
    "seven": "SEFET", "eight": "EIT", "nine": "TAIT",
    "again": "KET", "now": "TAU", "please": "PTIS", "soon": "SUT",
}  # fmt: skip

_TICKS_PER_S = 25_000
# How far a viseme's pull reaches to either side, as a share of its own length, and at least so long.
_REACH_SHARE = 0.55
_SHORTEST_REACH_S = 0.035


@dataclass(frozen=True)
class Sound:
    """A viseme's place in time."""

    viseme: Viseme
    start_s: float
    end_s: float


def sounds_of(rows: Sequence[Row]) -> list[Sound]:
    """The rows' words spread over their visemes by length; silences are rest."""
    sounds: list[Sound] = []
    for row in rows:
        visemes = [VISEMES[name] for name in VISEMES_OF_WORD.get(row.token, "")] or [VISEMES["rest"]]
        total = sum(viseme.length for viseme in visemes)
        at = row.start / _TICKS_PER_S
        for viseme in visemes:
            upto = at + (row.end - row.start) / _TICKS_PER_S * viseme.length / total
            sounds.append(Sound(viseme, at, upto))
            at = upto
    return sounds


def mouth_track(sounds: Sequence[Sound], times_s: Float64Array) -> Float64Array:
    """Opening, width and rounding at the times: float64 [T, 3], within the ranges of Viseme."""
    starts, ends = (np.array([getattr(sound, name) for sound in sounds]) for name in ("start_s", "end_s"))
    targets = np.array([(s.viseme.opening, s.viseme.width, s.viseme.rounding) for s in sounds])
    # Outside a sound's inner half its pull fades, so that a long silence pulls over all its length.
    half = (ends - starts) / 2
    away_s = np.maximum(np.abs(times_s[:, None] - (starts + ends) / 2) - 0.5 * half, 0)
    reach_s = np.maximum(np.minimum(_REACH_SHARE * half, 0.08), _SHORTEST_REACH_S)
    # The small floor lets the nearest sound hold a time that no sound is near to.
    weights = np.array([s.viseme.pull for s in sounds]) * (np.exp(-away_s / reach_s) + 1e-12)
    weighted = (weights[:, :, None] * targets).sum(1) / weights.sum(1, keepdims=True)
    # Digits that no pixel shows would only carry one machine's rounding along.
    return np.asarray(np.round(weighted, 5), np.float64)
