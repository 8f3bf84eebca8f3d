"""A face finder and a face mesh out of one `face_landmarker.task`, by MediaPipe's Tasks library.

The blendshape network of the official bundle runs on every frame, asked for or not: left out, the points are the same
and a frame costs a tenth less.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array
from services.landmarks.mediapipe.library import BLACK, Library, image, quiet_until, stderr_to_log

NUM_MESH_POINTS = 478

_FINDER_PART = "face_detector.tflite"
_MESH_PART = "face_landmarks_detector.tflite"

# VIDEO mode smooths points over time by a one-euro filter. With frames this far apart it passes them through (a residue
# of 0.3 % of a frame's movement), so that a tracked mouth does not lag, and the frame rate decides no bytes.
_CLOCK_STEP_MS = 1_000_000


@dataclass(frozen=True)
class FoundFace:
    """One detection. Box in pixels, may reach over the frame's edge; score 0.5 to 1."""

    left_px: float
    top_px: float
    width_px: float
    height_px: float
    score: float

    @property
    def area_px2(self) -> float:
        return self.width_px * self.height_px

    @property
    def centre_px(self) -> tuple[float, float]:
        return self.left_px + self.width_px / 2, self.top_px + self.height_px / 2


class FaceTasks:
    """The library with one model file. Raises BadConfig when the file is not a face landmarker bundle.

    least_confidence: to find a face and to hold it, 0..1.
    """

    def __init__(self, model: Path, library: Library | None = None, least_confidence: float = 0.5) -> None:
        self._finder_part, self._bundle = _parts_of(model)
        self._model = model
        self._least = least_confidence
        self._library = Library() if library is None else library
        self._mp, self._vision, self._options_type = self._library.mp, self._library.vision, self._library.options_type

    def finder(self) -> Finder:
        vision = self._vision
        options = vision.FaceDetectorOptions(
            base_options=self._options_type(model_asset_buffer=self._finder_part),
            min_detection_confidence=self._least,
        )
        return Finder(self._mp, self._library.create(vision.FaceDetector, options, self._model))

    def still_mesh(self, indices: Sequence[int] = range(NUM_MESH_POINTS)) -> StillMesh:
        """indices: which points of the mesh it gives, in this order."""
        return StillMesh(self._mp, self._landmarker(self._vision.RunningMode.IMAGE), indices)

    def moving_mesh(self) -> MovingMesh:
        return MovingMesh(self._mp, self._landmarker(self._vision.RunningMode.VIDEO))

    def _landmarker(self, running_mode: Any) -> Any:
        options = self._vision.FaceLandmarkerOptions(
            base_options=self._options_type(model_asset_buffer=self._bundle),
            running_mode=running_mode,
            num_faces=1,
            min_face_detection_confidence=self._least,
            min_face_presence_confidence=self._least,
            min_tracking_confidence=self._least,
        )
        return self._library.create(self._vision.FaceLandmarker, options, self._model)


class Finder:
    """All faces of a frame, by BlazeFace (short range: a face must fill about a tenth of the frame). Stateless."""

    def __init__(self, mp: Any, task: Any) -> None:
        self._mp = mp
        self._task = task
        with stderr_to_log():
            self(BLACK)

    def __call__(self, frame_HWC: UInt8Array) -> list[FoundFace]:
        """Faces of a uint8 RGB frame, the detector's order (best score first)."""
        found = []
        for detection in self._task.detect(image(self._mp, frame_HWC)).detections:
            box = detection.bounding_box
            score = detection.categories[0].score
            found.append(FoundFace(box.origin_x, box.origin_y, box.width, box.height, score))
        return found


class StillMesh:
    """The mesh of a frame's best-scored face, or some points of it. Stateless."""

    def __init__(self, mp: Any, task: Any, indices: Sequence[int]) -> None:
        self._indices = indices
        self._mp = mp
        self._task = task
        self._seen = False
        self(BLACK)

    def __call__(self, frame_HWC: UInt8Array) -> Float32Array | None:
        """float32 [N, 2] pixels, N the number of indices, or None without a face."""
        with quiet_until(self._seen):
            points = _points(self._task.detect(image(self._mp, frame_HWC)), frame_HWC, self._indices)
        self._seen |= points is not None
        return points


class MovingMesh:
    """The mesh of one face followed through frames: found in the first, then where the last mesh was.

    `clear` before the next clip makes it equal to a new one.
    """

    def __init__(self, mp: Any, task: Any) -> None:
        self._mp = mp
        self._task = task
        self._clock_ms = 0
        self._holds_face = False
        self._seen = False
        # The first frame of all is treated otherwise than the first after a loss: without this one, a new mesh would
        # give other bytes than a cleared one.
        self(BLACK)

    def __call__(self, frame_HWC: UInt8Array) -> Float32Array | None:
        """float32 [478, 2] pixels, or None when the face is lost; then the next call searches the whole frame."""
        self._clock_ms += _CLOCK_STEP_MS
        with quiet_until(self._seen):
            found = self._task.detect_for_video(image(self._mp, frame_HWC), self._clock_ms)
            points = _points(found, frame_HWC, range(NUM_MESH_POINTS))
        self._holds_face = points is not None
        self._seen |= self._holds_face
        return points

    def clear(self) -> None:
        """Forget the face: a black frame loses it, and with it every state."""
        if self._holds_face and self(BLACK) is not None:
            raise RuntimeError("the face landmarker sees a face in a black frame, so its tracks cannot be cleared")


def _points(result: Any, frame_HWC: UInt8Array, indices: Sequence[int]) -> Float32Array | None:
    if not result.face_landmarks:
        return None
    height_px, width_px = frame_HWC.shape[:2]
    mesh = result.face_landmarks[0]
    relative = np.array([(mesh[i].x, mesh[i].y) for i in indices], np.float32)
    return relative * np.array([width_px, height_px], np.float32)


def _parts_of(model: Path) -> tuple[bytes, bytes]:
    """The finder's network, and a bundle of finder and mesh alone."""
    try:
        with zipfile.ZipFile(model) as bundle:
            parts = {name: bundle.read(name) for name in (_FINDER_PART, _MESH_PART)}
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise BadConfig(
            "MODEL_UNREADABLE",
            f"{model} is not a face landmarker bundle ({error}): give the official face_landmarker.task",
        ) from error
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:
        for name, data in parts.items():
            bundle.writestr(zipfile.ZipInfo(name), data)
    return parts[_FINDER_PART], out.getvalue()
