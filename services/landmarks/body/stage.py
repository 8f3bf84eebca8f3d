"""How the keypoints stage handles one clip: frames in, 78 points of its signer out."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array, Float64Array, UInt8Array
from services.base.media.points import Keypoints
from services.base.media.video import FrameChunk, VideoInfo
from services.base.stage.spec import ClipConsumer, ClipJob, Consumer
from services.base.stage.stream import ONLY_FRAMES
from services.landmarks.body.far import CutOut, FarSigner
from services.landmarks.body.hands import HandOfSide, HandsTrack
from services.landmarks.body.layout import (
    FACE,
    FACE_MESH_INDICES,
    LAYOUT,
    LEFT_HAND,
    NUM_POINTS,
    NUM_POSE_POINTS,
    POSE,
    RIGHT_HAND,
)
from services.landmarks.body.mediapipe_body import BodyTasks, FoundPerson, MovingHands, MovingPerson, Segmenter
from services.landmarks.body.models import SEGMENTER, paths_of
from services.landmarks.body.ops import LEFT, RIGHT, alone, arm_of, head_window, out_of_sight, shrunk
from services.landmarks.body.person import CHECK_EVERY_FRAMES, PersonTrack, pixels
from services.landmarks.body.spec import KeypointsConfig
from services.landmarks.face.mediapipe import only_largest
from services.landmarks.frame_size import check_frame_size
from services.landmarks.mediapipe.library import Library
from services.landmarks.mediapipe.tasks import FaceTasks
from services.landmarks.models import FACE_LANDMARKER, HAND_LANDMARKER, POSE_LANDMARKER
from services.landmarks.scenes import SceneCuts


def open_stage(config: KeypointsConfig) -> Consumer:
    """Loads the models once. Raises BadConfig when a model file is missing, changed or unreadable."""
    models = HolisticModels(config)

    def consumer(job: ClipJob, info: VideoInfo | None) -> ClipConsumer:
        return KeypointsOfClip(models, job.clip.key, info)

    return consumer


@dataclass(frozen=True)
class FollowingModels:
    """What follows one clip at a time, and is cleared before the next."""

    person: MovingPerson
    hands: MovingHands

    def clear(self) -> None:
        self.person.clear()
        self.hands.clear()


class HolisticModels:
    """The loaded networks of one process. Clips may run side by side; a clip's points depend on its frames alone."""

    def __init__(self, config: KeypointsConfig) -> None:
        paths = paths_of(config)
        library = Library()
        face_tasks = FaceTasks(paths[FACE_LANDMARKER], library, config.conf_thresh)
        self.out_size = config.out_size
        self.find_faces = face_tasks.finder()
        self.mesh = face_tasks.still_mesh(FACE_MESH_INDICES)
        self._body = BodyTasks(library, paths[POSE_LANDMARKER], paths[HAND_LANDMARKER], config.conf_thresh)
        self.everybody = self._body.still_people()
        self.still_hands = self._body.still_hands()
        self.segment = Segmenter(library, paths[SEGMENTER]) if SEGMENTER in paths else None
        self._idle = [self._new()]

    def _new(self) -> FollowingModels:
        return FollowingModels(self._body.moving_person(), self._body.moving_hands())

    def lend(self, borrower: object) -> FollowingModels:
        """Cleared models, back when the borrower is gone: also a clip that broke off gives them back."""
        try:
            models = self._idle.pop()
        except IndexError:
            models = self._new()
        models.clear()
        weakref.finalize(borrower, self._idle.append, models)
        return models

    def searched(self, frame_HWC: UInt8Array) -> UInt8Array:
        """What the whole-frame models see: the frame stretched to a square without regard to its shape, or as it is."""
        return shrunk(frame_HWC, self.out_size) if self.out_size else frame_HWC

    def people_in(self, part_HWC: UInt8Array) -> list[FoundPerson]:
        """Everybody in a part of a frame, as it is seen by itself."""
        return self.everybody(self.searched(part_HWC))

    def has_face(self, part_HWC: UInt8Array, person: FoundPerson) -> bool:
        """Whether a face is found at the head of a person of that part."""
        window = head_window(pixels(person, part_HWC), part_HWC.shape[1], part_HWC.shape[0])
        return window is not None and self.mesh(window.cut(part_HWC)) is not None


@dataclass(frozen=True)
class FoundPoints:
    """What was found in one picture: points in its pixels, but those of the person, which are relative to its size."""

    person: FoundPerson | None
    left: HandOfSide | None
    right: HandOfSide | None
    face_px: Float64Array | None

    def anybody(self) -> bool:
        return not (self.person is None and self.left is None and self.right is None and self.face_px is None)


class KeypointsOfClip:
    """One clip. name: for messages. Without info the first frames tell the size."""

    wants = ONLY_FRAMES

    def __init__(self, models: HolisticModels, name: str, info: VideoInfo | None = None) -> None:
        self._models = models
        self._name = name
        self._size_px = (0, 0) if info is None else (info.width_px, info.height_px)
        following = models.lend(self)
        self._following = following
        self._person = PersonTrack(models.everybody, following.person)
        self._hands = HandsTrack(following.hands, models.still_hands)
        self._cuts = SceneCuts()
        # Not through this clip: one that held itself would give its models back when garbage is collected, if ever.
        self._far = FarSigner(models.people_in, models.has_face)
        self._num_far = 0
        self._starts: list[bool] = []
        self._xy: list[Float32Array] = []
        self._confidence: list[Float32Array] = []
        self._times_s: list[float] = []

    def push(self, chunk: FrameChunk) -> None:
        """Raises BadInput when the frames change size."""
        height_px, width_px = chunk.frames_THWC.shape[1:3]
        if self._size_px == (0, 0):
            self._size_px = (width_px, height_px)
        check_frame_size(self._name, chunk, self._size_px)
        for frame_HWC, time_s in zip(chunk.frames_THWC, chunk.pts_s, strict=True):
            self._take(frame_HWC, float(time_s))

    def finish(self, given: Mapping[str, Any]) -> Keypoints:
        """The clip's keypoints. Raises BadInput when there was neither a frame nor a size."""
        del given
        if self._size_px == (0, 0):
            raise BadInput("NO_FRAMES", f"{self._name}: not one frame came; check that it is a video")
        shape = (len(self._xy), NUM_POINTS)
        confidence_TN = np.array(self._confidence, np.float32).reshape(shape)
        xy_TNC = np.array(self._xy, np.float32).reshape(*shape, 2)
        # All points of a body that was found are there, however little was seen of some: that is in their confidence.
        present_TN = np.asarray(np.isfinite(xy_TNC).all(axis=2), np.bool_)
        return Keypoints(
            layout=LAYOUT,
            xy_TNC=np.where(present_TN[:, :, None], xy_TNC, np.float32(0)),
            confidence_TN=confidence_TN,
            present_TN=present_TN,
            pts_s_T=np.array(self._times_s, np.float64),
            starts_T=np.array(self._starts, np.bool_),
            width_px=self._size_px[0],
            height_px=self._size_px[1],
        )

    def _take(self, frame_HWC: UInt8Array, time_s: float) -> None:
        height_px, width_px = frame_HWC.shape[:2]
        cut = self._cuts.next(self._models.searched(frame_HWC))
        if self._models.segment is not None:
            frame_HWC = self._models.segment(frame_HWC)
        if cut or self._cuts.blending:
            self._far.new_scene()
            self._forget_person()
        self._check_far(frame_HWC)
        found, cut_out = self._find_in(frame_HWC, self._far.cut_out, time_s)
        if found.anybody():
            self._follow_far(frame_HWC, found)
        elif self._far.empty(frame_HWC):
            self._forget_person()
            found, cut_out = self._find_in(frame_HWC, self._far.cut_out, time_s)
        size_px = (width_px, height_px) if cut_out is None else (cut_out.side_px, cut_out.side_px)
        xy_NC, confidence_N = _as_points(found, *size_px)
        if cut_out is not None:
            xy_NC = cut_out.over_frame(xy_NC, width_px, height_px)
        self._starts.append(cut or self._person.changed)
        self._xy.append(xy_NC)
        self._confidence.append(confidence_N)
        self._times_s.append(time_s)

    def _find_in(
        self, frame_HWC: UInt8Array, cut_out: CutOut | None, time_s: float
    ) -> tuple[FoundPoints, CutOut | None]:
        return self._find(frame_HWC if cut_out is None else cut_out.of(frame_HWC), time_s), cut_out

    def _forget_person(self) -> None:
        """What follows is told of another picture, and finds its people anew."""
        self._person.forget()
        self._following.hands.clear()

    def _check_far(self, frame_HWC: UInt8Array) -> None:
        """Gives a far signer up as soon as somebody is seen in the whole frame."""
        self._num_far = 0 if self._far.cut_out is None else self._num_far + 1
        if self._num_far >= CHECK_EVERY_FRAMES:
            self._num_far = 0
            if self._models.people_in(frame_HWC):
                self._far.new_scene()
                self._forget_person()

    def _follow_far(self, frame_HWC: UInt8Array, found: FoundPoints) -> None:
        """Moves the cut-out of a far signer who moves."""
        cut_out = self._far.cut_out
        pose_px = None
        if cut_out is not None and found.person is not None:
            pose_px = found.person.xy_NC.astype(np.float64) * cut_out.side_px
        if self._far.seen(pose_px) and pose_px is not None and self._far.follow(frame_HWC, pose_px):
            self._forget_person()

    def _find(self, frame_HWC: UInt8Array, time_s: float) -> FoundPoints:
        """frame_HWC: the frame, or the part of it that is a far signer's."""
        height_px, width_px = frame_HWC.shape[:2]
        searched_HWC = self._models.searched(frame_HWC)
        person = self._person.next(searched_HWC, time_s)
        pose_px = None if person is None else pixels(person, frame_HWC)
        several = self._person.several
        if several and person is not None:
            searched_HWC = alone(searched_HWC, pixels(person, searched_HWC), [])
        face_px, at_head = self._face(frame_HWC, pose_px, several)
        # A body with a face is no guess: if its hands are far out of the frame, there is nothing to look for.
        if pose_px is not None and at_head and _handless(pose_px, width_px, height_px):
            left, right = None, None
        else:
            left, right = self._hands.next(searched_HWC, frame_HWC, time_s, pose_px, several)
        return FoundPoints(person, left, right, face_px)

    def _face(
        self, frame_HWC: UInt8Array, pose_px: Float64Array | None, several: bool
    ) -> tuple[Float64Array | None, bool]:
        """The face's 11 points, float64 [11, 2] pixels, and whether they were found at the pose's head.

        They are looked for in the whole frame where nobody, or no face, was found there.
        """
        if pose_px is not None:
            window = head_window(pose_px, frame_HWC.shape[1], frame_HWC.shape[0])
            cut_px = None if window is None else self._models.mesh(window.cut(frame_HWC))
            if window is not None and cut_px is not None:
                return window.points_px(cut_px / np.float32(window.side_px)), True
            if several:
                return None, False
        faces = self._models.find_faces(frame_HWC)
        points_px = self._models.mesh(only_largest(frame_HWC, faces)) if faces else None
        return None if points_px is None else points_px.astype(np.float64), False


def _as_points(found: FoundPoints, width_px: int, height_px: int) -> tuple[Float32Array, Float32Array]:
    """float32 [78, 2] over the picture's width and height, NaN where absent, and float32 [78] of confidence."""
    size_px = np.array([width_px, height_px])
    xy_NC = np.full((NUM_POINTS, 2), np.nan, np.float32)
    confidence_N = np.zeros(NUM_POINTS, np.float32)
    if found.person is not None:
        xy_NC[POSE] = found.person.xy_NC[:NUM_POSE_POINTS]
        confidence_N[POSE] = np.clip(found.person.visibility_N[:NUM_POSE_POINTS], 0.0, 1.0)
    for group, hand in ((LEFT_HAND, found.left), (RIGHT_HAND, found.right)):
        if hand is not None:
            xy_NC[group] = hand.points_px / size_px
            confidence_N[group] = min(hand.score, 1.0)
    if found.face_px is not None:
        xy_NC[FACE] = found.face_px / size_px
        # The mesh comes without a score, and only where there is a face.
        confidence_N[FACE] = 1.0
    return xy_NC, confidence_N


def _handless(pose_px: Float64Array, width_px: int, height_px: int) -> bool:
    return all(out_of_sight(arm_of(pose_px, side), width_px, height_px) for side in (LEFT, RIGHT))
