"""Typed results as bytes, and the keys that name them. Pure: same value, same bytes."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from services.base.digest import canonical_json, digest_of
from services.base.media.features import Features
from services.base.media.points import Keypoints, Landmarks


def artifact_key(
    stage: str,
    version: int,
    config: Mapping[str, Any],
    input_sha256: str,
    models: Mapping[str, str],
    libraries: Mapping[str, str],
) -> str:
    """sha256 (hex) that names an artifact: change anything that decides its bytes and the name changes."""
    return digest_of(
        {
            "stage": stage,
            "version": version,
            "config": dict(config),
            "input": input_sha256,
            "models": dict(models),
            "libraries": dict(libraries),
        }
    )


# Every type that may be kept in a store, by the name that its bytes carry.
KINDS: Mapping[str, type] = {"landmarks": Landmarks, "keypoints": Keypoints, "features": Features}


def kind_of(value: object) -> str | None:
    """The name of a value's type in KINDS, None where it is not one that is kept."""
    return next((kind for kind, known in KINDS.items() if type(value) is known), None)


def encode_artifact(value: Any) -> bytes:
    """An uncompressed npz of a value of KINDS: arrays by field name, the other fields in a JSON header.

    Entries carry a fixed date, so equal values give equal bytes. Raises TypeError for any other value.
    """
    kind = kind_of(value)
    if kind is None:
        raise TypeError(f"no bytes for an artifact of type {type(value).__name__}: add it to artifacts.KINDS")
    named = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    arrays = {name: field_value for name, field_value in named.items() if isinstance(field_value, np.ndarray)}
    header = canonical_json({"kind": kind, **{name: v for name, v in named.items() if name not in arrays}})
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, header=np.frombuffer(header.encode(), np.uint8), **arrays)
    return out.getvalue()


def decode_artifact(data: bytes) -> Any:
    """The inverse of `encode_artifact`. Raises ValueError when the bytes are not such a value."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            fields = json.loads(arrays["header"].tobytes())
            kind = KINDS[fields.pop("kind")]
            return kind(**fields, **{name: arrays[name] for name in arrays.files if name != "header"})
    except (KeyError, TypeError, OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"not an artifact ({error}): delete it, and it will be made again") from error
