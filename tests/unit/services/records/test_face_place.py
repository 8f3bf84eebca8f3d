"""Points that can be no upright face of one person: turned, out of proportion, out of the frame, elsewhere at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from services.base.media.arrays import Float32Array
from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import IBUG_68, MEDIAPIPE_478, topology
from services.records.face_place import FacePlace, face_place

NUM_FRAMES = 10
Change = Callable[[Float32Array], Float32Array]


@pytest.fixture(params=[IBUG_68, MEDIAPIPE_478])
def face(make_face, request) -> Landmarks:
    return make_face([(180.0, 180.0)] * NUM_FRAMES, name=request.param)


def changed(face: Landmarks, change: Change, frames: slice = slice(None)) -> Landmarks:
    points_TNC = face.points_TNC.copy()
    points_TNC[frames] = change(points_TNC[frames])
    return dataclasses.replace(face, points_TNC=points_TNC)


def turned(degrees: float) -> Change:
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return lambda points: ((points - (180, 144)) @ matrix + (180, 144)).astype(np.float32)


def moved(x_px: float, y_px: float) -> Change:
    return lambda points: np.add(points, (x_px, y_px)).astype(np.float32)


def grown(times: float) -> Change:
    return lambda points: ((points - (180, 180)) * times + (180, 180)).astype(np.float32)


def test_an_upright_face_raises_nothing(face) -> None:
    assert face_place(face, NUM_FRAMES) == FacePlace(score=1.0)


@pytest.mark.parametrize("degrees", [-180, -90, -45, -31, 31, 45, 90, 180])
def test_a_turned_face_is_counted_and_its_roll_told(face, degrees: int) -> None:
    found = face_place(changed(face, turned(degrees)), NUM_FRAMES)
    assert (found.num_turned, found.num_misplaced, found.num_jumps) == (NUM_FRAMES, 0, 0)
    assert abs(found.roll_deg) == pytest.approx(abs(degrees), abs=0.1)


@pytest.mark.parametrize("degrees", [-29, -4, 4, 29])
def test_a_tilted_head_is_no_turned_face(face, degrees: int) -> None:
    assert face_place(changed(face, turned(degrees)), NUM_FRAMES).num_turned == 0


@pytest.mark.parametrize(
    ("group", "change"),
    [
        pytest.param("lips", moved(0, -110), id="the mouth is in the hair"),
        pytest.param("lips", moved(0, -30), id="the mouth is between the eyes"),
        pytest.param("lips", moved(40, 0), id="the mouth is on a cheek"),
        pytest.param("lips", moved(0, 60), id="the mouth is below the chin"),
        pytest.param("lips", grown(0.2), id="the mouth is a dot"),
        pytest.param("lips", grown(3.0), id="the mouth is wider than the face"),
        pytest.param("nose", moved(0, -60), id="the nose is above the eyes"),
        pytest.param("nose", moved(0, 60), id="the nose is below the mouth"),
        pytest.param("all", moved(250, 0), id="right of the frame"),
        pytest.param("all", moved(0, -200), id="above the frame"),
        pytest.param("all", grown(0.1), id="a face of a few pixels"),
        pytest.param("all", grown(5.0), id="a face larger than the frame"),
    ],
)
def test_points_that_are_no_face_are_counted(face, group: str, change: Change) -> None:
    indices = list(topology(face.topology).group(group))

    def of_group(points: Float32Array) -> Float32Array:
        out = points.copy()
        out[:, indices] = change(points[:, indices])
        return out

    assert face_place(changed(face, of_group, slice(2, 7)), NUM_FRAMES).num_misplaced == 5


@pytest.mark.parametrize(
    ("change", "num_jumps"),
    [
        pytest.param(moved(80, 0), 1, id="another person beside"),
        pytest.param(grown(1.5), 1, id="another person, nearer"),
        pytest.param(moved(12, 0), 0, id="a nod"),
        pytest.param(grown(1.2), 0, id="a step towards the camera"),
    ],
)
def test_jumps_are_counted(face, change: Change, num_jumps: int) -> None:
    assert face_place(changed(face, change, slice(5, None)), NUM_FRAMES).num_jumps == num_jumps


@pytest.mark.parametrize("source", [PointSource.MISSING, PointSource.INTERPOLATED])
def test_a_jump_across_a_loss_is_one_and_points_in_between_say_nothing(face, source: PointSource) -> None:
    away = changed(face, moved(80, 0), slice(6, None))
    source_T = away.source_T.copy()
    source_T[3:6] = source
    wild = changed(dataclasses.replace(away, source_T=source_T), moved(1e4, 0), slice(3, 6))
    found = face_place(wild, NUM_FRAMES)
    assert (found.num_jumps, found.num_misplaced) == (1, 0)


@pytest.mark.parametrize(("score", "is_doubtful"), [(0.55, True), (0.71, True), (0.8, False), (0.97, False)])
def test_a_face_that_the_mesh_network_hardly_believes_is_doubtful(make_face, score: float, is_doubtful: bool) -> None:
    for name, expected in ((MEDIAPIPE_478, is_doubtful), (IBUG_68, False)):
        face = make_face([(180.0, 180.0)] * NUM_FRAMES, name=name)
        scored = dataclasses.replace(face, score_T=np.full(NUM_FRAMES, score, np.float32))
        assert face_place(scored, NUM_FRAMES).is_doubtful is expected


def test_frames_behind_the_record_and_clips_without_a_face_say_nothing(face) -> None:
    assert face_place(changed(face, turned(90), slice(6, None)), 6).num_turned == 0
    nobody = dataclasses.replace(face, source_T=np.zeros_like(face.source_T))
    assert face_place(nobody, NUM_FRAMES) == FacePlace()


@pytest.mark.parametrize(("score", "is_doubtful"), [(0.06, True), (0.15, True), (0.6, False), (2.4, False)])
def test_a_face_that_dlib_hardly_believes_is_doubtful(make_face, score: float, is_doubtful: bool) -> None:
    face = make_face([(180.0, 180.0)] * NUM_FRAMES, name=IBUG_68)
    scored = dataclasses.replace(face, score_T=np.full(NUM_FRAMES, score, np.float32))
    assert face_place(scored, NUM_FRAMES).is_doubtful is is_doubtful
