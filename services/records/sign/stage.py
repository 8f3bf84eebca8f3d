"""Keypoints and features of one clip in; its npz with quality facts and a preview out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from services.base.artifacts import Product
from services.base.contract import ClipJob
from services.base.errors import BadConfig, BadInput
from services.base.media import DecodeFacts, Features, Float64Array, FrameChunk, Keypoints, VideoInfo
from services.records.sign.npz import ClipFacts, build_meta, encode_npz
from services.records.sign.occlusion import Occlusion, judge
from services.records.sign.ops import BoolArray, fill_gaps, timestamps_ms, visible_points, visible_shares
from services.records.sign.points import NUM_FEATURES, NUM_KEYPOINTS
from services.records.sign.preview import Thumbnails, sheet
from services.records.sign.spec import SignFilesConfig

PREVIEW = "preview.jpg"

FLAGS: Mapping[str, str] = {
    "CORRUPT_FRAMES": "the decoder flagged or concealed frames, or broke off",
    "DECODER_WARNINGS": "the decoder complained",
    "FEW_HANDS": "hands are visible in less than a quarter of the frames",
    "NO_HANDS": "no hand is visible in any frame",
    "OCCLUDED": "the clip counts as occluded, as labels.csv says",
    "RANDOM_WEIGHTS": "features are of seeded random weights, not of a trained network",
    "SINGLE_FRAME": "the clip has one frame",
    "SLOW_SOURCE": "the video has fewer frames a second than was aimed at; all were kept",
    "SPLIT_BATCHES": "memory was short, so fewer frames than asked for went through the network at once",
    "TIMES_GO_BACK": "presentation times that do not go on",
}
_FEW_HANDS_SHARE = 0.25


def open_stage(config: SignFilesConfig) -> Callable[[ClipJob, VideoInfo | None], SignWork]:
    """The stage for one process; nothing is loaded."""

    def begin(job: ClipJob, info: VideoInfo | None) -> SignWork:
        return SignWork(config, job, info)

    return begin


class SignWork:
    """One clip on its way to its npz."""

    def __init__(self, config: SignFilesConfig, job: ClipJob, info: VideoInfo | None) -> None:
        self.wants_frames = config.preview
        self._config = config
        self._clip = job.clip
        self._info = info
        self._thumbnails = Thumbnails()

    def push(self, chunk: FrameChunk) -> None:
        self._thumbnails.push(chunk)

    def finish(self, given: Mapping[str, Any]) -> Product:
        """given: "keypoints" and "features" as the config asks. Raises BadInput NO_FRAMES, NO_PERSON or
        FEATURES_NOT_FINITE; BadConfig.
        """
        config = self._config
        keypoints: Keypoints | None = given["keypoints"] if config.keypoints else None
        features: Features | None = given["features"] if config.features else None
        info: VideoInfo | None = given.get("info") or self._info
        pts_s_T = self._times(keypoints, features)
        times_ms_T = timestamps_ms(pts_s_T)
        arrays: dict[str, np.ndarray] = {}
        occlusion: Occlusion | None = None
        xy_TNC, mask_TN = np.zeros((0, NUM_KEYPOINTS, 2), np.float32), np.zeros((0, NUM_KEYPOINTS), np.bool_)
        if keypoints is not None:
            raw_TNC, raw_TN = visible_points(keypoints, config.conf_thresh)
            self._require_person(raw_TN)
            xy_TNC, mask_TN = fill_gaps(raw_TNC, raw_TN, config.max_gap)
            occlusion = judge(xy_TNC, mask_TN, pts_s_T, config)
            arrays |= {"X": xy_TNC.reshape(len(xy_TNC), -1), "mask": mask_TN}
        arrays["timestamps_ms"] = times_ms_T
        if features is not None:
            arrays["X2048"] = features.vectors_TD
        if keypoints is not None:
            arrays["confidence"] = np.clip(np.nan_to_num(keypoints.confidence_TN), 0, 1).astype(np.float32)
        meta = build_meta(config, self._facts(info, keypoints, features, occlusion))
        quality = self._quality(info, pts_s_T, mask_TN, occlusion, given.get("facts"))
        if features is not None:
            quality["num_split_batches"] = features.num_split_batches
        flags = flags_of(quality, features, config)
        return Product(encode_npz(arrays, meta), quality, flags, self._sidecars(xy_TNC, mask_TN, flags))

    def _times(self, keypoints: Keypoints | None, features: Features | None) -> Float64Array:
        pts_s_T = keypoints.pts_s_T if keypoints is not None else features.pts_s_T if features is not None else None
        if pts_s_T is None or len(pts_s_T) == 0:
            raise BadInput("NO_FRAMES", f"{self._clip.key}: no frame was kept; replace the file or leave it out")
        if features is not None:
            if not np.array_equal(pts_s_T, features.pts_s_T):
                raise ValueError(f"keypoints are of {len(pts_s_T)} frames, features of {len(features.pts_s_T)} others")
            if features.vectors_TD.shape[1] != NUM_FEATURES:
                raise BadConfig(
                    "OTHER_FEATURES",
                    f"{features.model} gives {features.vectors_TD.shape[1]} values a frame, X2048 holds "
                    f"{NUM_FEATURES}: take the inception_v3 model",
                )
            if not np.isfinite(features.vectors_TD).all():
                num_bad = int((~np.isfinite(features.vectors_TD)).any(axis=1).sum())
                raise BadInput(
                    "FEATURES_NOT_FINITE",
                    f"{self._clip.key}: {features.model} gives NaN or infinity in {num_bad} of "
                    f"{len(features.vectors_TD)} frames: check its weights, or take float32",
                )
        return pts_s_T

    def _require_person(self, mask_TN: BoolArray) -> None:
        if not mask_TN.any():
            raise BadInput(
                "NO_PERSON",
                f"{self._clip.key}: no point of a person is visible in any of {len(mask_TN)} frames; leave it out, or "
                "lower conf_thresh",
            )

    def _facts(
        self,
        info: VideoInfo | None,
        keypoints: Keypoints | None,
        features: Features | None,
        occlusion: Occlusion | None,
    ) -> ClipFacts:
        return ClipFacts(
            self._clip.media.rpartition("/")[2],
            keypoints.width_px if keypoints is not None else info.width_px if info is not None else 0,
            keypoints.height_px if keypoints is not None else info.height_px if info is not None else 0,
            info.fps_hz if info is not None else 0.0,
            occlusion,
            keypoints.layout if keypoints is not None else "",
            features.model if features is not None else "",
            features.weights if features is not None else "",
            features.num_split_batches if features is not None else 0,
        )

    def _quality(
        self,
        info: VideoInfo | None,
        pts_s_T: Float64Array,
        mask_TN: BoolArray,
        occlusion: Occlusion | None,
        decoded: DecodeFacts | None,
    ) -> dict[str, Any]:
        steps_s = np.diff(pts_s_T)
        quality: dict[str, Any] = {
            "file": f"{self._clip.utterance_id}.npz",
            "occluded": int(occlusion.occluded) if occlusion is not None else 0,
            "num_frames": len(pts_s_T),
            "kept_fps": round(float(1 / np.median(steps_s)), 3) if len(steps_s) and np.median(steps_s) > 0 else 0.0,
            "span_s": round(float(pts_s_T[-1] - pts_s_T[0]), 3),
            "times_go_back": int((steps_s <= 0).sum()),
        }
        if info is not None:
            quality |= {"source_fps": round(info.fps_hz, 3), "duration_s": round(info.duration_s, 3)}
            quality |= {"width_px": info.width_px, "height_px": info.height_px, "rotation_deg": info.rotation_deg}
        if occlusion is not None:
            quality |= visible_shares(mask_TN)
            quality["occlusion"] = asdict(occlusion)
        if decoded is not None:
            quality["num_corrupt"] = decoded.num_corrupt
            quality["ended_early"] = decoded.ended_early
            quality["warnings"] = list(decoded.warnings)
            quality["frames_sha256"] = decoded.frames_sha256
        return quality

    def _sidecars(self, xy_TNC: Any, mask_TN: BoolArray, flags: tuple[str, ...]) -> dict[str, bytes]:
        if not self._config.preview:
            return {}
        jpeg = sheet(self._thumbnails, xy_TNC, mask_TN, f"{self._clip.key}  {' '.join(flags)}".rstrip())
        return {PREVIEW: jpeg} if jpeg else {}


def flags_of(quality: Mapping[str, Any], features: Features | None, config: SignFilesConfig) -> tuple[str, ...]:
    """Names of FLAGS that hold for a clip, sorted."""
    hands_share = quality.get("hands_share")
    found = {
        "NO_HANDS": hands_share == 0,
        "FEW_HANDS": hands_share is not None and 0 < hands_share < _FEW_HANDS_SHARE,
        "OCCLUDED": bool(quality["occluded"]),
        "SINGLE_FRAME": quality["num_frames"] == 1,
        "SPLIT_BATCHES": features is not None and features.num_split_batches > 0,
        "SLOW_SOURCE": 0 < quality.get("source_fps", 0.0) < config.target_fps - 0.5,
        "TIMES_GO_BACK": quality["times_go_back"] > 0,
        "CORRUPT_FRAMES": bool(quality.get("num_corrupt") or quality.get("ended_early")),
        "DECODER_WARNINGS": bool(quality.get("warnings")),
        "RANDOM_WEIGHTS": features is not None and features.weights.startswith("seeded:"),
    }
    return tuple(sorted(name for name, holds in found.items() if holds))
