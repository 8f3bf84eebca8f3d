"""Typed results as bytes, and the keys that name them. Pure: same value, same bytes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.base.contract import canonical_json, digest_of
from services.base.media import Landmarks


@dataclass(frozen=True)
class Product:
    """What the last stage of a pass makes of one clip.

    payload: the bytes that the shard's writer stores (one serialized tf.train.Example, one npz).
    quality: JSON-able facts about the clip for the sidecar, never for the record.
    flags: UPPER_CASE quality findings, sorted, e.g. ("GREY_FRAMES", "SHORT_CLIP").
    """

    payload: bytes
    quality: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


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


def encode_landmarks(value: Landmarks) -> bytes:
    """An uncompressed npz; entries carry a fixed date, so equal values give equal bytes."""
    out = io.BytesIO()
    header = canonical_json({"topology": value.topology, "width_px": value.width_px, "height_px": value.height_px})
    np.savez(
        out,
        allow_pickle=False,
        header=np.frombuffer(header.encode(), np.uint8),
        points_TNC=value.points_TNC,
        score_T=value.score_T,
        source_T=value.source_T,
    )
    return out.getvalue()


def decode_landmarks(data: bytes) -> Landmarks:
    """The inverse of `encode_landmarks`. Raises ValueError when the bytes are not such a value."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            header = json.loads(arrays["header"].tobytes())
            return Landmarks(
                header["topology"],
                arrays["points_TNC"],
                arrays["score_T"],
                arrays["source_T"],
                header["width_px"],
                header["height_px"],
            )
    except (KeyError, OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"not a landmarks artifact ({error}): delete it, and it will be made again") from error
