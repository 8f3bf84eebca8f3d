"""How well likenesses tell the right sound from a shifted one. Pure: arrays in, counts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array
from services.training.talker.resampling import blocks_of

MOST_SHIFT = 15
"""Frames that sound is shifted by at most when its place is looked for."""

WINDOW_FRAMES = 25
"""Of a second, over which likenesses are added up."""

_NEAR = 5


@dataclass(frozen=True)
class SyncCounts:
    """Of one clip. Each right answer is a comparison in which the own sound is more like the face than a shifted one.

    frames: over voiced frames and shifts of 5 to 15 frames either way. windows: likewise, summed over a second.
    own, shifted: sums of likenesses over `pairs`. offset_frames: at which the whole clip agrees best with its sound.
    """

    frames_right: float = 0.0
    frames: int = 0
    windows_right: float = 0.0
    windows: int = 0
    own: float = 0.0
    shifted: float = 0.0
    pairs: int = 0
    offset_frames: int | None = None

    def sums(self) -> Mapping[str, float]:
        """Plain sums, which are added up over clips."""
        return {
            "frames_right": self.frames_right,
            "frames": self.frames,
            "windows_right": self.windows_right,
            "windows": self.windows,
            "own": self.own,
            "shifted": self.shifted,
            "pairs": self.pairs,
            "offsets_right": float(self.offset_frames is not None and abs(self.offset_frames) <= 1),
            "offsets": float(self.offset_frames is not None),
        }


def shifts() -> npt.NDArray[np.int64]:
    """Those that are compared with no shift at all, frames."""
    far = np.arange(_NEAR, MOST_SHIFT + 1)
    return np.concatenate([-far[::-1], far])


def likenesses(faces_ND: Float32Array, sounds_TD: Float32Array, frames: Sequence[int]) -> Float32Array:
    """float32 [N, 31]: of each face and the sound that is -15 to 15 frames later; NaN beyond the sound's ends.

    faces_ND: of these frames. sounds_TD: of every frame of the clip.
    """
    found = np.full((len(frames), 2 * MOST_SHIFT + 1), np.nan, np.float32)
    for k in range(2 * MOST_SHIFT + 1):
        places = np.asarray(frames) + k - MOST_SHIFT
        inside = (places >= 0) & (places < len(sounds_TD))
        found[inside, k] = np.einsum("nd,nd->n", faces_ND[inside], sounds_TD[places[inside]])
    return found


def counts_of(likeness_NS: Float32Array, voiced_N: npt.NDArray[np.bool_]) -> SyncCounts:
    """likeness_NS: as `likenesses` of frames in order. voiced_N: bool, of these frames; others do not count alone."""
    columns = shifts() + MOST_SHIFT
    own_N, shifted_NS = likeness_NS[:, MOST_SHIFT], likeness_NS[:, columns]
    known_NS = np.isfinite(shifted_NS) & voiced_N[:, None]
    frames_right = _right(own_N[:, None], shifted_NS, known_NS)
    windows_right, num_windows = 0.0, 0
    if len(likeness_NS) >= WINDOW_FRAMES:
        sums_WS = np.lib.stride_tricks.sliding_window_view(likeness_NS, WINDOW_FRAMES, axis=0).sum(axis=-1)
        share_W = np.lib.stride_tricks.sliding_window_view(voiced_N, WINDOW_FRAMES).mean(axis=-1)
        known_WS = np.isfinite(sums_WS[:, columns]) & (share_W >= 0.5)[:, None]
        windows_right = _right(sums_WS[:, MOST_SHIFT, None], sums_WS[:, columns], known_WS)
        num_windows = int(known_WS.sum())
    pairs = int(known_NS.sum())
    return SyncCounts(
        frames_right,
        pairs,
        windows_right,
        num_windows,
        float(np.where(known_NS, own_N[:, None], 0).sum()),
        float(np.where(known_NS, shifted_NS, 0).sum()),
        pairs,
        offset_of(likeness_NS, voiced_N),
    )


def counts_by_second(
    likeness_NS: Float32Array, voiced_N: npt.NDArray[np.bool_], frames: Sequence[int]
) -> list[SyncCounts]:
    """As `counts_of`, of each second of these frames; a window of a second counts where it begins."""
    found = []
    for block in blocks_of(frames):
        alone, further = (slice(block.start, stop) for stop in (block.stop, block.stop + WINDOW_FRAMES - 1))
        windows = counts_of(likeness_NS[further], voiced_N[further])
        single = counts_of(likeness_NS[alone], voiced_N[alone])
        found.append(replace(single, windows_right=windows.windows_right, windows=windows.windows))
    return found


def offset_of(likeness_NS: Float32Array, voiced_N: npt.NDArray[np.bool_]) -> int | None:
    """The shift of the sound at which a clip's voiced frames are most like it, in frames; None without such frames."""
    mean_S = _means(likeness_NS, voiced_N)
    return None if mean_S is None else int(np.argmax(mean_S)) - MOST_SHIFT


def confidence_of(likeness_NS: Float32Array, voiced_N: npt.NDArray[np.bool_]) -> float:
    """By how much the mean likeness at that shift is above the median over shifts; 0 without voiced frames."""
    mean_S = _means(likeness_NS, voiced_N)
    return 0.0 if mean_S is None else float(mean_S.max() - np.median(mean_S[np.isfinite(mean_S)]))


def _means(likeness_NS: Float32Array, voiced_N: npt.NDArray[np.bool_]) -> Float32Array | None:
    """Over a clip's voiced frames, of each shift; of few frames -inf, since a mean of these says little."""
    voiced_NS = likeness_NS[voiced_N]
    known_S = np.isfinite(voiced_NS).sum(axis=0)
    if not len(voiced_NS) or not known_S[MOST_SHIFT]:
        return None
    mean_S = np.nansum(voiced_NS, axis=0) / np.maximum(known_S, 1)
    mean_S[known_S < max(1, len(voiced_NS) // 2)] = -np.inf
    return np.asarray(mean_S, np.float32)


def _right(own: Float32Array, shifted: Float32Array, known: npt.NDArray[np.bool_]) -> float:
    """Comparisons that the own one wins; of equal ones a half each."""
    wins = np.where(known, (own > shifted) + 0.5 * (own == shifted), 0.0)
    return float(wins.sum())
