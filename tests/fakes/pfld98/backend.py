"""The largest face of each frame by SCRFD (https://github.com/deepinsight/insightface), its points by PFLD."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from pfld98.spec import DETECTOR, POINTS
from services.base.media.arrays import Float32Array, UInt8Array
from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import WFLW_98
from services.base.media.video import FrameChunk
from services.base.worker.fingerprint import sha256_of
from services.landmarks.face.backend import landmarks_of, missing_points
from services.landmarks.spec import LandmarksConfig

SIDE_PX, CROP_PX = 640, 112
STRIDES_PX = (8, 16, 32)
LEAST_SCORE = 0.5
# A crop is so much wider than the face's longer side.
MARGIN = 1.05


def open_backend(config: LandmarksConfig, paths: Mapping[str, Path]) -> Pfld:
    """Each frame is searched anew, whatever the config's mode."""
    del config
    return Pfld(paths)


class Pfld:
    """The loaded networks (services.landmarks.face.backend.Backend)."""

    topology: str = WFLW_98

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self.models = {name: sha256_of(path) for name, path in paths.items()}
        self._detector, self._points = (_session(paths[file.name]) for file in (DETECTOR, POINTS))

    def track(self, width_px: int, height_px: int) -> Track:
        return Track(self, width_px, height_px)

    def face(self, frame_HWC: UInt8Array) -> tuple[float, Float32Array] | None:
        """Score and box (left, top, right, bottom) of the best face, px."""
        height_px, width_px = frame_HWC.shape[:2]
        scale = SIDE_PX / max(width_px, height_px)
        small_HWC = cv2.resize(frame_HWC, (round(width_px * scale), round(height_px * scale)))
        image_HWC = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
        image_HWC[: small_HWC.shape[0], : small_HWC.shape[1]] = small_HWC
        found = self._detector.run(None, {"images": (_planes(image_HWC) - np.float32(127.5)) / np.float32(128)})
        scores = np.concatenate([found[i][0, :, 0] for i in range(3)])
        best = int(scores.argmax())
        if scores[best] < LEAST_SCORE:
            return None
        anchors_NC = np.concatenate([_anchors(stride) for stride in STRIDES_PX])
        sides_NC = np.concatenate([found[3 + i][0] * stride for i, stride in enumerate(STRIDES_PX)])
        x, y = anchors_NC[best]
        left, top, right, bottom = sides_NC[best]
        return float(scores[best]), np.array([x - left, y - top, x + right, y + bottom], np.float32) / np.float32(scale)

    def points(self, frame_HWC: UInt8Array, box: Float32Array) -> Float32Array:
        """float32 [98, 2], px."""
        side_px = int(MARGIN * max(box[2] - box[0], box[3] - box[1]))
        corner = np.array([(box[0] + box[2] - side_px) / 2, (box[1] + box[3] - side_px) / 2], np.float32)
        move = np.array([[CROP_PX / side_px, 0, 0], [0, CROP_PX / side_px, 0]], np.float32)
        move[:, 2] = -corner * CROP_PX / side_px
        crop_HWC = cv2.warpAffine(frame_HWC, move, (CROP_PX, CROP_PX))
        (answer,) = self._points.run(None, {"input": _planes(crop_HWC[:, :, ::-1]) / np.float32(255)})
        points_NC: Float32Array = answer.reshape(-1, 2) * np.float32(side_px) + corner
        return points_NC


class Track:
    """One clip's points (services.landmarks.face.backend.FaceTrack)."""

    def __init__(self, networks: Pfld, width_px: int, height_px: int) -> None:
        self._networks, self._size_px = networks, (width_px, height_px)
        self._points: list[Float32Array] = []
        self._scores: list[float] = []
        self._sources: list[PointSource] = []

    def push(self, chunk: FrameChunk) -> None:
        for frame_HWC in chunk.frames_THWC:
            found = self._networks.face(frame_HWC)
            score, points_NC = (0.0, missing_points(98)) if found is None else (found[0], None)
            self._points.append(points_NC if found is None else self._networks.points(frame_HWC, found[1]))
            self._scores.append(score)
            self._sources.append(PointSource.MISSING if found is None else PointSource.DETECTED)

    def finish(self) -> Landmarks:
        return landmarks_of(WFLW_98, self._points, self._scores, self._sources, *self._size_px)


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _planes(image_HWC: UInt8Array) -> Float32Array:
    """float32 [1, 3, H, W]"""
    return np.ascontiguousarray(image_HWC.transpose(2, 0, 1)[None]).astype(np.float32)


def _anchors(stride_px: int) -> Float32Array:
    """float32 [cells * 2, 2]: the corner of each cell in px, twice."""
    y, x = np.mgrid[: SIDE_PX // stride_px, : SIDE_PX // stride_px]
    return np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2) * stride_px, 2, axis=0).astype(np.float32)
