"""Whether a clip's features and its manifest line are what trainers rely on, rule by rule. Pure; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from services.base.errors import BadInput
from services.formats.npy import decode_npy
from services.records.tts.names import FOLDERS
from services.records.tts.spec import NUM_CODES, NUM_LATENTS

RECORD_FIELDS = (
    "id", "audio_path", "text", "speaker", "language", "duration", "text_ids_path", "text_len", "codes_path",
    "code_len", "condition_path", "condition_len", "emo_vec_path",
)  # fmt: skip
"""Fields of a manifest's line, in order; others may follow."""

LENGTHS: Mapping[str, str] = {"text_ids": "text_len", "codes": "code_len", "condition": "condition_len"}
"""Feature -> the field that has its length."""

_DTYPES = {"text_ids": np.int32, "codes": np.int32, "condition": np.float32, "emo_vec": np.float32}
_NUM_AXES = {"text_ids": 1, "codes": 1, "condition": 2, "emo_vec": 1}


class Breach(NamedTuple):
    """A rule that is broken. feature: which of the four, or "record". rule: an UPPER_CASE code. message: the value, and
    what it must be.
    """

    feature: str
    rule: str
    message: str


def path_field(feature: str) -> str:
    """The field of a manifest's line that names the feature's file."""
    return f"{feature}_path"


def decode_files(files: Mapping[str, bytes]) -> tuple[dict[str, np.ndarray], list[Breach]]:
    """files: feature -> bytes of its npy. The arrays that could be read, and what is wrong with the others."""
    arrays, found = {}, []
    for feature, data in files.items():
        try:
            arrays[feature] = decode_npy(data)
        except BadInput as error:
            found.append(Breach(feature, error.reason, error.message))
    return arrays, found


def validate(arrays: Mapping[str, np.ndarray]) -> list[Breach]:
    """What is wrong with a clip's features, of which some may be missing."""
    return list(_rules(arrays))


def _rules(arrays: Mapping[str, np.ndarray]) -> Iterator[Breach]:
    sound = {}
    for feature, array in arrays.items():
        if array.dtype != _DTYPES[feature]:
            yield Breach(feature, "DTYPE", f"it must be {np.dtype(_DTYPES[feature])}, not {array.dtype}")
        elif array.ndim != _NUM_AXES[feature]:
            shape = list(array.shape)
            yield Breach(feature, "SHAPE", f"it must have axes to the number of {_NUM_AXES[feature]}, not {shape}")
        elif not array.size:
            yield Breach(feature, "EMPTY", "it must hold one value or more")
        else:
            sound[feature] = array
            yield from _values(feature, array)
    condition_KD, emo_vec_D = sound.get("condition"), sound.get("emo_vec")
    if condition_KD is not None and len(condition_KD) != NUM_LATENTS:
        yield Breach("condition", "SHAPE", f"it must be [{NUM_LATENTS}, D], not {list(condition_KD.shape)}")
    if condition_KD is not None and emo_vec_D is not None and condition_KD.shape[1:] != emo_vec_D.shape:
        yield Breach(
            "emo_vec",
            "SHAPE",
            f"it must be [D] as the condition is [K, D], not {emo_vec_D.shape}, {condition_KD.shape}",
        )


def _values(feature: str, array: np.ndarray) -> Iterator[Breach]:
    if array.dtype.kind == "f":
        if num_bad := int((~np.isfinite(array)).sum()):
            yield Breach(feature, "NOT_FINITE", f"{num_bad} of {array.size} values are NaN or infinity")
        return
    low, high = int(array.min()), int(array.max())
    if low < 0 or (feature == "codes" and high >= NUM_CODES):
        allowed = f"from 0 to {NUM_CODES - 1}" if feature == "codes" else "0 or more"
        yield Breach(feature, "RANGE", f"its values must be {allowed}, and are from {low} to {high}")


def check_lengths(record: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> list[Breach]:
    """Where a manifest's line says another length than the array has."""
    return [
        Breach(feature, "LENGTH", f"the manifest's {field} is {record.get(field)!r}, it holds {len(arrays[feature])}")
        for feature, field in LENGTHS.items()
        if feature in arrays and arrays[feature].ndim and record.get(field) != len(arrays[feature])
    ]


def check_record(record: Mapping[str, Any]) -> list[Breach]:
    """What is wrong with a manifest's line on its own."""
    if missing := [name for name in RECORD_FIELDS if name not in record]:
        return [Breach("record", "FIELDS", f"it lacks {', '.join(missing)}")]
    if tuple(record)[: len(RECORD_FIELDS)] != RECORD_FIELDS:
        order = [name for name in record if name in RECORD_FIELDS]
        return [Breach("record", "FIELDS", f"its fields must begin with {', '.join(RECORD_FIELDS)}, not {order}")]
    paths = {name: record[name] for name in map(path_field, FOLDERS)}
    return [
        Breach("record", "PATH", f"{name} must be a path below the manifest's folder, not {path!r}")
        for name, path in paths.items()
        if not isinstance(path, str) or not path or path.startswith("/") or ".." in path.split("/") or "\\" in path
    ]


def differing(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> list[str]:
    """Features that are not the same in both, in values or type."""
    return [
        feature
        for feature in FOLDERS
        if (feature in one) != (feature in other)
        or (
            feature in one
            and (one[feature].dtype != other[feature].dtype or one[feature].tobytes() != other[feature].tobytes())
        )
    ]
