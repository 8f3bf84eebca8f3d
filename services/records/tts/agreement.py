"""Whether a clip made again agrees with what is kept of it, where bytes need not be equal. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.formats.npy import decode_npys
from services.records.deviation import deviation

# A code of a clip may be a tie whichever share of its codes that is.
_ANY_TIE = 1


@dataclass(frozen=True)
class Tolerance:
    """floats: the largest `deviation`. codes: the share of a clip's codes that may be others, ties of two entries."""

    floats: float
    codes: float


SERVED = Tolerance(1e-4, 1e-3)
"""Of a server's features against those of the worker itself."""

PADDED = Tolerance(2e-5, 5e-4)
"""Of features from a padded batch against those of another batch."""


def disagreements(kept: bytes, made: bytes, tolerance: Tolerance) -> tuple[tuple[str, ...], dict[str, float]]:
    """Compares the arrays of two payloads, each an npy or several one after another: (what differs, the deviations by
    field). Raises BadInput BAD_NPY.
    """
    before, now = decode_npys(kept), decode_npys(made)
    if [_form(array) for array in before] != [_form(array) for array in now]:
        forms = (", ".join(map(_form, arrays)) for arrays in (before, now))
        return (f"{next(forms)} in the output, {next(forms)} when it is made again",), {}
    found: dict[str, float] = {}
    return tuple(_problems(before, now, tolerance, found)), found


def _problems(
    before: Sequence[np.ndarray], now: Sequence[np.ndarray], tolerance: Tolerance, found: dict[str, float]
) -> Iterator[str]:
    is_packed = len(before) > 1
    for i, (kept, made) in enumerate(zip(before, now, strict=True)):
        if is_packed and i == len(before) - 1:
            # Text ids, by the names of the files the last ones: the same in any batch.
            if not np.array_equal(kept, made):
                yield "text_ids: others when they are made again"
        elif kept.dtype.kind != "f":
            num_others = int((kept != made).sum())
            if num_others > max(_ANY_TIE, math.ceil(tolerance.codes * kept.size)):
                yield f"{num_others} of {kept.size} codes are others when it is made again"
        else:
            name = "condition" if kept.ndim == 2 else "emo_vec"
            apart = found[name] = deviation(kept, made)
            if apart > tolerance.floats:
                yield f"{name}: differs by up to {apart:.2g} of its standard deviation; {tolerance.floats:g} is allowed"


def _form(array: np.ndarray) -> str:
    return f"{array.dtype} {list(array.shape)}"


def tolerance_of(settings: Mapping[str, Mapping[str, Any]]) -> Tolerance | None:
    """What the settings of a run's stages allow; None: the same bytes."""
    speech = settings.get("speech", {})
    if speech.get("backend") == "triton":
        return SERVED
    return PADDED if speech.get("batching") == "padded" else None
