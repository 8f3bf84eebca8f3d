"""What the last stage of a pass makes of one clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Product:
    """What the last stage of a pass makes of one clip.

    payload: the bytes that the shard's writer stores (one serialized tf.train.Example, one npz).
    quality: JSON-able facts about the clip for the sidecar, never for the record.
    flags: UPPER_CASE quality findings, sorted, e.g. ("GREY_FRAMES", "SHORT_CLIP").
    sidecars: small files about the clip that are kept in the run's state, by name (a preview picture).
    """

    payload: bytes
    quality: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    sidecars: Mapping[str, bytes] = field(default_factory=dict)
