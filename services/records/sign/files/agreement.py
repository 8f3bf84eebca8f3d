"""Whether a clip made again agrees with its npz: features of a server within a tolerance, all else exactly. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from services.records.deviation import deviation
from services.records.sign.files.npz import decode_npz

_META = "meta"
# How often a server was short of memory says nothing of the clip.
_META_OF_NO_MATTER = frozenset({"iv3_split_batches"})


def disagreements(
    kept: bytes, made: bytes, tolerances: Mapping[str, float]
) -> tuple[tuple[str, ...], dict[str, float]]:
    """Compares two npz field by field: (what differs, each naming its field; the deviations of the fields named).

    tolerances: field -> the largest `deviation` that is allowed; other fields must be equal. Raises BadInput BAD_NPZ.
    """
    before, now = decode_npz(kept), decode_npz(made)
    deviations = {
        name: deviation(before[name], now[name])
        for name in tolerances
        if name in before and name in now and _is_alike(before[name], now[name])
    }
    return tuple(_problems(before, now, tolerances, deviations)), deviations


def _problems(
    kept: Mapping[str, np.ndarray],
    made: Mapping[str, np.ndarray],
    tolerances: Mapping[str, float],
    deviations: Mapping[str, float],
) -> Iterator[str]:
    for name in sorted(set(kept) | set(made)):
        if name not in kept or name not in made:
            yield f"{name}: only in the {'output' if name in kept else 'clip that was made again'}"
        elif name == _META:
            yield from _meta_problems(kept[name], made[name])
        elif not _is_alike(kept[name], made[name]):
            yield f"{name}: {_form(kept[name])} in the output, {_form(made[name])} when it is made again"
        elif name in tolerances:
            if deviations[name] > tolerances[name]:
                yield (
                    f"{name}: differs by up to {deviations[name]:.2g} of its standard deviation "
                    f"({_worst(kept, made, name)}); {tolerances[name]:g} is allowed"
                )
        elif not np.array_equal(kept[name], made[name], equal_nan=kept[name].dtype.kind == "f"):
            yield f"{name}: differs ({_worst(kept, made, name)}); it must be equal"


def _meta_problems(kept: np.ndarray, made: np.ndarray) -> Iterator[str]:
    before, now = _meta(kept), _meta(made)
    for name in sorted(set(before) | set(now)):
        if before.get(name) != now.get(name):
            yield f"meta {name}: {before.get(name)!r} in the output, {now.get(name)!r} when it is made again"


def _meta(text: np.ndarray) -> dict[str, Any]:
    return {name: value for name, value in json.loads(str(text)).items() if name not in _META_OF_NO_MATTER}


def _is_alike(kept: np.ndarray, made: np.ndarray) -> bool:
    return kept.dtype == made.dtype and kept.shape == made.shape


def _form(array: np.ndarray) -> str:
    return f"{array.dtype} {list(array.shape)}"


def _worst(kept: Mapping[str, np.ndarray], made: Mapping[str, np.ndarray], name: str) -> str:
    """Where the largest difference lies, with both values."""
    one, other = kept[name], made[name]
    with np.errstate(invalid="ignore"):
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
    # NaN and infinity stand in one alone, or count for nothing.
    apart = np.where(np.isnan(apart), np.where(np.isfinite(one) == np.isfinite(other), 0.0, np.inf), apart)
    place = np.unravel_index(int(np.argmax(apart)), one.shape)
    where = f"[{', '.join(map(str, place))}]" if place else ""
    return f"{name}{where} {one[place]!s} and {other[place]!s}"
