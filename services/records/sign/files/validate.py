"""Whether the files of a clip are what trainers rely on, rule by rule. Pure; reads bytes, changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from services.base.errors import BadInput
from services.records.sign.files.npz import Arrays, decode_npz
from services.records.sign.files.parquet import COLUMNS, decode_table, mask_bits
from services.records.sign.points import NUM_COORDINATES, NUM_FEATURES, NUM_KEYPOINTS, ORDER


class Breach(NamedTuple):
    """A rule that a file breaks. rule: an UPPER_CASE code. message: the value, and what it must be."""

    rule: str
    message: str


def validate(npz: bytes, parquet: bytes | None = None) -> list[Breach]:
    """Every rule that a clip's npz, and its parquet where there is one, breaks; empty when all is well.

    A file without keypoints holds X2048 and neither X nor mask, and says so in meta (model_type I).
    """
    try:
        arrays = decode_npz(npz)
    except BadInput as error:
        return [Breach(error.reason, error.message)]
    breaches = [*_keys(arrays), *_shapes(arrays)]
    if not breaches:
        breaches += [*_values(arrays), *_meta(arrays)]
    if parquet is not None:
        breaches += _table(parquet, arrays)
    return breaches


def _keys(arrays: Arrays) -> Iterator[Breach]:
    wanted = {"timestamps_ms", "meta"}
    wanted |= {"X", "mask"} if "X2048" not in arrays or {"X", "mask"} & set(arrays) else set()
    if missing := sorted(wanted - set(arrays)):
        yield Breach("MISSING_KEY", f"it lacks {', '.join(missing)}; it has {', '.join(sorted(arrays)) or 'nothing'}")


def _shapes(arrays: Arrays) -> Iterator[Breach]:
    times = arrays.get("timestamps_ms")
    if times is None:
        return
    if times.ndim != 1 or times.dtype != np.int64:
        yield Breach("TIMESTAMPS_SHAPE", f"timestamps_ms must be int64 [T], not {times.dtype} {times.shape}")
        return
    num_frames = len(times)
    if num_frames < 1:
        yield Breach("NO_FRAMES", "it holds no frame: T must be 1 or more")
    expected: dict[str, tuple[Any, tuple[int, ...]]] = {
        "X": (np.float32, (num_frames, NUM_COORDINATES)),
        "mask": (np.bool_, (num_frames, NUM_KEYPOINTS)),
        "X2048": (np.float32, (num_frames, NUM_FEATURES)),
        "confidence": (np.float32, (num_frames, NUM_KEYPOINTS)),
    }
    for name, (dtype, shape) in expected.items():
        array = arrays.get(name)
        if array is not None and (array.dtype != dtype or array.shape != shape):
            yield Breach(
                f"{name.upper()}_SHAPE",
                f"{name} must be {np.dtype(dtype)} {list(shape)}, not {array.dtype} {list(array.shape)}",
            )
    meta = arrays.get("meta")
    if meta is not None and (meta.shape != () or meta.dtype.kind != "U"):
        yield Breach("META_SHAPE", f"meta must be one text (a 0-d array), not {meta.dtype} {list(meta.shape)}")


def _values(arrays: Arrays) -> Iterator[Breach]:
    for name in ("X", "X2048", "confidence"):
        if name in arrays and not np.isfinite(arrays[name]).all():
            yield Breach("NOT_FINITE", f"{name} holds NaN or infinity")
    for name in ("X", "confidence"):
        if name in arrays and ((arrays[name] < 0) | (arrays[name] > 1)).any():
            low, high = float(arrays[name].min()), float(arrays[name].max())
            yield Breach("OUT_OF_RANGE", f"{name} must be from 0 to 1, and goes from {low:g} to {high:g}")
    times = arrays["timestamps_ms"]
    if (times < 0).any():
        yield Breach("NEGATIVE_TIME", f"timestamps_ms begins at {int(times.min())}: times must be 0 or more")
    if (np.diff(times) < 0).any():
        yield Breach("TIME_GOES_BACK", f"timestamps_ms falls after frame {int(np.argmax(np.diff(times) < 0))}")
    if "mask" in arrays and not arrays["mask"].any():
        yield Breach("NOTHING_VISIBLE", "mask has no visible point in any frame")


def _meta(arrays: Arrays) -> Iterator[Breach]:
    try:
        meta = json.loads(str(arrays["meta"][()]))
    except ValueError as error:
        yield Breach("META_NOT_JSON", f"meta cannot be parsed: {error}")
        return
    if not isinstance(meta, Mapping):
        yield Breach("META_NOT_JSON", f"meta must be a JSON object, not {type(meta).__name__}")
        return
    expected = {"dims_per_frame": NUM_COORDINATES, "keypoints_total": NUM_KEYPOINTS, "order": ORDER}
    for name, value in expected.items():
        if meta.get(name) != value:
            yield Breach("META_VALUE", f"meta's {name} must be {value!r}, not {meta.get(name)!r}")
    if "X" not in arrays and meta.get("model_type") != "I":
        yield Breach("META_VALUE", f"a file without X must say model_type 'I' in meta, not {meta.get('model_type')!r}")


def _table(parquet: bytes, arrays: Arrays) -> list[Breach]:
    try:
        table = decode_table(parquet)
    except BadInput as error:
        return [Breach(error.reason, error.message)]
    breaches = []
    if tuple(table.column_names) != COLUMNS:
        shown = ", ".join(sorted(set(COLUMNS) ^ set(table.column_names))[:5]) or "their order"
        breaches.append(Breach("PARQUET_COLUMNS", f"columns must be 0..155, t_ms, mask_bits; what differs: {shown}"))
        return breaches
    num_frames = len(arrays["timestamps_ms"]) if "timestamps_ms" in arrays else 0
    if table.num_rows != num_frames:
        breaches.append(Breach("PARQUET_ROWS", f"{table.num_rows} rows for {num_frames} frames: they must be equal"))
    bits = table.column("mask_bits").to_pylist()
    odd = next((text for text in bits if not _is_bits(text)), None)
    if odd is not None:
        breaches.append(Breach("PARQUET_BITS", f"mask_bits must be {NUM_KEYPOINTS} of 0 and 1, not {odd!r:.100}"))
    if not breaches and (differs := _differing_column(table, arrays)):
        breaches.append(Breach("PARQUET_DIFFERS", f"{differs} is not what the npz says: make the clip again"))
    return breaches


def _differing_column(table: Any, arrays: Arrays) -> str:
    """The first column of the pyarrow table that says otherwise than the npz, in value or type; empty: none does."""
    columns: dict[str, np.ndarray] = {}
    if "X" in arrays and arrays["X"].shape[1:] == (NUM_COORDINATES,):
        columns |= {str(i): column_T for i, column_T in enumerate(arrays["X"].T)}
    if "timestamps_ms" in arrays:
        columns["t_ms"] = arrays["timestamps_ms"]
    if "mask" in arrays:
        columns["mask_bits"] = np.array(mask_bits(arrays["mask"]), np.object_)
    return next((name for name, values in columns.items() if not _same(table.column(name).to_numpy(), values)), "")


def _same(found_T: np.ndarray, values_T: np.ndarray) -> bool:
    is_float = values_T.dtype.kind == "f"
    return found_T.dtype == values_T.dtype and np.array_equal(found_T, values_T, equal_nan=is_float)


def _is_bits(text: Any) -> bool:
    return isinstance(text, str) and len(text) == NUM_KEYPOINTS and set(text) <= {"0", "1"}
