"""Typed results as bytes, and the keys that name them. Pure: same value, same bytes."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from services.base.digest import canonical_json, digest_of


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


@runtime_checkable
class Summarized(Protocol):
    """An artifact that tells in a few values what it holds; of others the shapes of their arrays are told."""

    def summary(self) -> dict[str, Any]: ...


ArtifactTypes = Mapping[str, type]
"""Artifact name -> the dataclass of its values (StageSpec.artifacts of the stages of a pass)."""


def encode_artifact(name: str, value: Any) -> bytes:
    """An uncompressed npz of a dataclass: arrays by field name, the artifact's name and the other fields in a JSON
    header.

    Entries carry a fixed date, so equal values give equal bytes. Raises TypeError for what is no dataclass.
    """
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"artifact {name} must be a dataclass of arrays and JSON values, not {type(value).__name__}")
    named = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    arrays = {field: field_value for field, field_value in named.items() if isinstance(field_value, np.ndarray)}
    header = canonical_json({"kind": name, **{field: v for field, v in named.items() if field not in arrays}})
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, header=np.frombuffer(header.encode(), np.uint8), **arrays)
    return out.getvalue()


def decode_artifact(data: bytes, types: ArtifactTypes) -> Any:
    """The inverse of `encode_artifact`. Raises ValueError when the bytes are no value of one of these types."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            fields = json.loads(arrays["header"].tobytes())
            made = types[fields.pop("kind")]
            return made(**fields, **{name: arrays[name] for name in arrays.files if name != "header"})
    except (KeyError, TypeError, OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"not an artifact ({error}): delete it, and it will be made again") from error
