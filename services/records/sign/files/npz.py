"""The npz of one clip: its arrays, its meta, and the same bytes from the same values. Pure."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.base.errors import BadInput
from services.formats import npz
from services.records.sign.occlusion import Occlusion
from services.records.sign.points import FACE_INDICES, NUM_COORDINATES, NUM_KEYPOINTS, ORDER, POSE_INDICES
from services.records.sign.spec import SignFilesConfig

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class ClipFacts:
    """What meta tells of a clip. video: its file name. iv3_weights: of the features, empty without them.

    num_split_batches: of the features, broken by a lack of memory.
    """

    video: str
    width_px: int
    height_px: int
    source_fps_hz: float
    occlusion: Occlusion | None = None
    keypoint_layout: str = ""
    iv3_model: str = ""
    iv3_weights: str = ""
    num_split_batches: int = 0


def build_meta(config: SignFilesConfig, facts: ClipFacts) -> dict[str, Any]:
    """The original's keys first, in its order and under its names, then more. JSON-able."""
    fps: float = config.target_fps
    meta: dict[str, Any] = {
        "video": facts.video,
        "target_fps": int(fps) if float(fps).is_integer() else fps,
        "out_size": config.out_size,
        "dims_per_frame": NUM_COORDINATES,
        "keypoints_total": NUM_KEYPOINTS,
        "order": ORDER,
        "pose_indices": list(POSE_INDICES),
        "face_indices": list(FACE_INDICES),
        "conf_thresh": config.conf_thresh,
        "interpolation_max_gap": config.max_gap,
        "model_type": {(True, True): "B", (True, False): "T", (False, True): "I"}[config.keypoints, config.features],
        "sampling": config.sampling,
        "width": facts.width_px,
        "height": facts.height_px,
        "source_fps": round(facts.source_fps_hz, 6),
    }
    if facts.occlusion is not None:
        meta["occluded_flag"] = int(facts.occlusion.occluded)
        meta["occlusion_results"] = {
            "method": facts.occlusion.method,
            "share": round(facts.occlusion.share, 6),
            "longest_run": facts.occlusion.longest_run,
            "min_run": facts.occlusion.min_run,
        }
        meta["keypoint_layout"] = facts.keypoint_layout
    if config.features:
        meta |= {"iv3_model": facts.iv3_model, "iv3_weights": weights_in_words(facts.iv3_weights)}
        if facts.num_split_batches:
            meta["iv3_split_batches"] = facts.num_split_batches
    return meta


def weights_in_words(weights: str) -> str:
    """So that nobody takes random weights for trained ones."""
    kind, _, seed = weights.partition(":")
    return f"SEEDED RANDOM WEIGHTS, NOT TRAINED (seed {seed})" if kind == "seeded" else weights


def encode_npz(arrays: Arrays, meta: Mapping[str, Any]) -> bytes:
    """A compressed npz of the arrays in their order, then `meta`, a 0-d text of JSON. Entries carry a fixed date."""
    return npz.encode_npz({**arrays, "meta": np.array(json.dumps(meta, allow_nan=False))}, compressed=True)


def decode_npz(data: bytes) -> dict[str, np.ndarray]:
    """Every array by its key. Raises BadInput BAD_NPZ when the bytes are torn or hold objects."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise BadInput("BAD_NPZ", f"these bytes are no npz of plain arrays ({error}): make the clip again") from error
