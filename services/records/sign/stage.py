"""Keypoints and features of one clip in; its npz and its table, with quality facts and a preview, out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from services.base.errors import BadConfig, BadInput
from services.base.media.arrays import Float64Array
from services.base.media.features import Features
from services.base.media.points import Keypoints
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo, rate_of
from services.base.stage.product import Product, ProductFile
from services.base.stage.spec import ByName, ClipJob
from services.base.stage.stream import ONLY_FRAMES
from services.records.sign.files.npz import ClipFacts, build_meta, encode_npz
from services.records.sign.flags import decode_facts, flags_of, serious
from services.records.sign.occlusion import Occlusion, judge
from services.records.sign.ops import BoolArray, fill_gaps, longest_gap_s, timestamps_ms, visible_points, visible_shares
from services.records.sign.points import NUM_FEATURES, NUM_KEYPOINTS
from services.records.sign.preview import KEPT_PX, MAX_THUMBNAILS, sheet
from services.records.sign.spec import NPZ_FILE, PARQUET_FILE, SignFilesConfig
from services.records.spread_frames import SpreadFrames

PREVIEW = "preview.jpg"
# Imported where a table is made: without one it would only take room in the child.
_ENCODE_TABLE = ByName("services.records.sign.files.parquet:encode_table")


def open_stage(config: SignFilesConfig) -> Callable[[ClipJob, VideoInfo | None], SignWork]:
    """The stage for one process; nothing is loaded."""

    def begin(job: ClipJob, info: VideoInfo | None) -> SignWork:
        return SignWork(config, job, info)

    return begin


class SignWork:
    """One clip on its way to its npz."""

    def __init__(self, config: SignFilesConfig, job: ClipJob, info: VideoInfo | None) -> None:
        # Also without a preview: the source's rate, which a file tells of, is measured from decoded frames.
        self.wants = ONLY_FRAMES
        self._config = config
        self._clip = job.clip
        self._info = info
        self._thumbnails = SpreadFrames(MAX_THUMBNAILS, KEPT_PX)

    def push(self, chunk: FrameChunk) -> None:
        if self._config.preview:
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
            within_s = longest_gap_s(pts_s_T, config.max_gap, config.target_fps)
            xy_TNC, mask_TN = fill_gaps(raw_TNC, raw_TN, config.max_gap, pts_s_T, keypoints.starts_T, within_s)
            occlusion = judge(xy_TNC, mask_TN, pts_s_T, config)
            arrays |= {"X": xy_TNC.reshape(len(xy_TNC), -1), "mask": mask_TN}
        arrays["timestamps_ms"] = times_ms_T
        if features is not None:
            arrays["X2048"] = features.vectors_TD
        if keypoints is not None:
            arrays["confidence"] = np.clip(np.nan_to_num(keypoints.confidence_TN), 0, 1).astype(np.float32)
        decoded: DecodeFacts | None = given.get("facts")
        meta = build_meta(config, self._facts(info, decoded, keypoints, features, occlusion))
        quality = self._quality(info, pts_s_T, mask_TN, occlusion, decoded)
        if keypoints is not None:
            quality["num_scene_changes"] = int(keypoints.starts_T.sum())
        if features is not None:
            quality["num_split_batches"] = features.num_split_batches
        flags = flags_of(quality, features, config)
        quality["serious"] = serious(flags)
        return Product(self._files(arrays, meta), quality, flags, self._sidecars(xy_TNC, mask_TN, flags))

    def _files(self, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> Iterator[ProductFile]:
        yield ProductFile.of(NPZ_FILE, encode_npz(arrays, meta), "application/x-npz")
        if self._config.parquet and self._config.keypoints:
            table = _ENCODE_TABLE(arrays["X"], arrays["mask"], arrays["timestamps_ms"])
            yield ProductFile.of(PARQUET_FILE, table, "application/vnd.apache.parquet")

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
                "lower --conf-thresh",
            )

    def _facts(
        self,
        info: VideoInfo | None,
        decoded: DecodeFacts | None,
        keypoints: Keypoints | None,
        features: Features | None,
        occlusion: Occlusion | None,
    ) -> ClipFacts:
        return ClipFacts(
            self._clip.media.rpartition("/")[2],
            keypoints.width_px if keypoints is not None else info.width_px if info is not None else 0,
            keypoints.height_px if keypoints is not None else info.height_px if info is not None else 0,
            _source_rate_hz(info, decoded),
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
        quality: dict[str, Any] = {
            "file": f"{self._clip.utterance_id}.npz",
            "occluded": int(occlusion.occluded) if occlusion is not None else 0,
            "num_frames": len(pts_s_T),
            "kept_fps": round(rate_of(pts_s_T), 3),
            "span_s": round(float(pts_s_T[-1] - pts_s_T[0]), 3),
        }
        if info is not None:
            duration_s = decoded.duration_s if decoded is not None and decoded.duration_s > 0 else info.duration_s
            quality |= {"source_fps": round(_source_rate_hz(info, decoded), 3), "duration_s": round(duration_s, 3)}
            quality |= {"width_px": info.width_px, "height_px": info.height_px, "rotation_deg": info.rotation_deg}
            quality |= {"pixel_aspect": info.pixel_aspect, "num_video_streams": info.num_video_streams}
        if occlusion is not None:
            quality |= visible_shares(mask_TN)
            quality["occlusion"] = asdict(occlusion)
        if decoded is not None:
            quality |= decode_facts(decoded, len(pts_s_T))
        return quality

    def _sidecars(self, xy_TNC: Any, mask_TN: BoolArray, flags: tuple[str, ...]) -> dict[str, bytes]:
        if not self._config.preview:
            return {}
        jpeg = sheet(self._thumbnails, xy_TNC, mask_TN, f"{self._clip.key}  {' '.join(flags)}".rstrip())
        return {PREVIEW: jpeg} if jpeg else {}


def _source_rate_hz(info: VideoInfo | None, decoded: DecodeFacts | None) -> float:
    """As measured, else as declared; 0.0 if unknown."""
    if decoded is not None and decoded.rate_hz > 0:
        return decoded.rate_hz
    return info.fps_hz if info is not None else 0.0
