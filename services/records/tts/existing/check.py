"""Whether four files are what would be computed now, as far as that can be told without computing it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array, Int32Array
from services.formats.npy import decode_npy
from services.records.tts.names import FOLDERS

NUM_LATENTS, NUM_CODES = 32, 8192
_SEEDED = "seeded:"


@dataclass(frozen=True)
class ExistingArrays:
    """Arrays of a clip's files. text_ids_N, codes_L: int32. condition_KD, emo_vec_D: float32."""

    text_ids_N: Int32Array
    codes_L: Int32Array
    condition_KD: Float32Array
    emo_vec_D: Float32Array


class NotTaken(Exception):
    """Why files are not taken; empty where there are none."""


def checked(files: Mapping[str, bytes], ids_N: Int32Array, num_codes: int, width: int) -> ExistingArrays:
    """The arrays of files that are taken. files: bytes by feature, of those that are there.

    ids_N: the text as it is encoded now. num_codes: of the sound, its true length. width: of conditions and emotion
    vectors. Raises NotTaken.
    """
    if missing := [feature for feature in FOLDERS if feature not in files]:
        raise NotTaken(f"no {', '.join(missing)}" if files else "")
    text_ids_N = _array(files, "text_ids", np.int32, (None,))
    codes_L = _array(files, "codes", np.int32, (None,))
    condition_KD = _array(files, "condition", np.float32, (NUM_LATENTS, width))
    emo_vec_D = _array(files, "emo_vec", np.float32, (width,))
    if not np.array_equal(text_ids_N, ids_N):
        raise NotTaken(f"text_ids: {len(text_ids_N)} ids that are not those of the text now, which has {len(ids_N)}")
    if len(codes_L) != num_codes:
        raise NotTaken(f"codes: {len(codes_L)}, and the sound has {num_codes}")
    if codes_L.min() < 0 or codes_L.max() >= NUM_CODES:
        raise NotTaken(f"codes: from {codes_L.min()} to {codes_L.max()}, and they are 0 to {NUM_CODES - 1}")
    for feature, array in (("condition", condition_KD), ("emo_vec", emo_vec_D)):
        if not np.isfinite(array).all():
            raise NotTaken(f"{feature}: NaN or infinity")
    return ExistingArrays(text_ids_N, codes_L, condition_KD, emo_vec_D)


def random_sources(meta: bytes) -> dict[str, str]:
    """Of an output's meta.json, the networks whose weights were random: name -> "seeded:<seed>".

    Where it says so of clips alone, which were taken over in their turn, no network is known by name. Empty where it
    says nothing of the kind, or is no such file.
    """
    try:
        found = json.loads(meta)
        models, flags = found.get("models", {}), found.get("flags", {})
        random = {str(name): str(source) for name, source in models.items() if str(source).startswith(_SEEDED)}
        return random or ({"adopted": f"{_SEEDED}unknown"} if flags.get("RANDOM_WEIGHTS") else {})
    except (ValueError, AttributeError, RecursionError):
        return {}


def _array(files: Mapping[str, bytes], feature: str, dtype: type, shape: tuple[int | None, ...]) -> np.ndarray:
    try:
        array = decode_npy(files[feature])
    except BadInput:
        raise NotTaken(f"{feature}: no npy file of one plain array") from None
    fits = array.ndim == len(shape) and all(
        size > 0 and wanted in (None, size) for size, wanted in zip(array.shape, shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        wanted = ", ".join("N" if size is None else str(size) for size in shape)
        raise NotTaken(f"{feature}: {array.dtype} {list(array.shape)}, and it is {np.dtype(dtype)} [{wanted}]")
    return np.ascontiguousarray(array)
