import dataclasses

import cv2
import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.arrays import UInt8Array
from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import IBUG_68, MEDIAPIPE_478, topology
from services.geometry.mouth_window import PROFILES, AlignedFace, FixedScale, PaddedBox, RoiProfile
from services.lips.crops import aligned_faces, crop_clip, fixed_windows, padded_boxes, smoothed

V1 = PROFILES["liptype2-v1"]
FIXED = PROFILES["fixed-scale"]
assert isinstance(V1, PaddedBox)
assert isinstance(FIXED, FixedScale)
ALIGNED = PROFILES["aligned-face"]
assert isinstance(ALIGNED, AlignedFace)
TOPOLOGIES = pytest.mark.parametrize("name", [IBUG_68, MEDIAPIPE_478])


def frames_of(num_frames: int, width_px: int = 360, height_px: int = 288) -> UInt8Array:
    """A ramp: red is x, green is y, so that a crop tells where it was taken."""
    y, x = np.mgrid[:height_px, :width_px]
    frame = np.stack([x * 255 // width_px, y * 255 // height_px, np.full_like(x, 9)], axis=2).astype(np.uint8)
    return np.repeat(frame[None], num_frames, axis=0)


def crops_of(profile: RoiProfile, frames_THWC: UInt8Array, face: Landmarks) -> UInt8Array:
    out_THWC = np.full((len(frames_THWC), profile.height_px, profile.width_px, 3), 77, np.uint8)
    crop_clip(profile, frames_THWC, face, out_THWC)
    return out_THWC


@TOPOLOGIES
def test_v1_pads_a_fifth_of_the_width_and_three_tenths_of_the_height(make_face, name: str) -> None:
    face = make_face([(180.25, 180.25)], width_px=41, heights_px=21, name=name)
    assert padded_boxes(V1, face, 1, 360, 288).tolist() == [[151, 163, 209, 198]]


def test_v1_rounds_as_the_original_does_through_float32_fractions(make_face) -> None:
    # In exact arithmetic the box would end at 200 + 8 = 208.
    face = make_face([(180.0, 180.0)], width_px=40, heights_px=20)
    assert padded_boxes(V1, face, 1, 360, 288).tolist() == [[152, 164, 209, 196]]


def test_v1_clips_the_box_to_the_frame_but_for_its_last_row_and_column(make_face) -> None:
    face = make_face([(5.0, 5.0), (355.0, 285.0)], width_px=40, heights_px=20)
    boxes = padded_boxes(V1, face, 2, 360, 288).tolist()
    assert boxes[0][:2] == [0, 0]
    assert boxes[1][2:] == [359, 287]


def test_v1_without_a_face_takes_the_lower_middle_unscaled(make_face) -> None:
    frames_THWC = frames_of(1)
    crops_THWC = crops_of(V1, frames_THWC, make_face([None]))
    assert np.array_equal(crops_THWC[0], frames_THWC[0, 162:212, 130:230])


def test_v1_takes_the_lower_middle_when_the_lips_have_no_area_in_the_frame(make_face) -> None:
    face = make_face([(-100.0, 100.0)])
    assert padded_boxes(V1, face, 1, 360, 288).tolist() == [[130, 162, 230, 212]]


def test_v1_is_black_where_even_that_window_is_empty(make_face) -> None:
    crops_THWC = crops_of(V1, frames_of(1, 1, 1), make_face([None], size_px=(1, 1)))
    assert not crops_THWC.any()


def test_v1_resizes_by_area(make_face) -> None:
    frames_THWC = np.random.default_rng(0).integers(0, 256, (1, 288, 360, 3), np.uint8)
    face = make_face([(180.25, 180.25)], width_px=41, heights_px=21)
    expected = cv2.resize(frames_THWC[0, 163:198, 151:209], (100, 50), interpolation=cv2.INTER_AREA)
    assert np.array_equal(crops_of(V1, frames_THWC, face)[0], expected)


def test_crops_after_the_last_frame_are_left_alone(make_face) -> None:
    for profile in PROFILES.values():
        out_THWC = np.full((3, 50, 100, 3), 77, np.uint8)
        crop_clip(profile, frames_of(1), make_face([(180.0, 180.0)]), out_THWC)
        assert (out_THWC[1:] == 77).all()


@TOPOLOGIES
def test_the_fixed_window_is_as_wide_as_the_padded_lips(make_face, name: str) -> None:
    face = make_face([(180.0, 180.0)] * 9, width_px=40, heights_px=10, name=name)
    windows = fixed_windows(FIXED, face, 9)
    assert windows.width_px == pytest.approx(56, abs=0.1)
    assert windows.centers_TC.shape == (9, 2)
    assert windows.centers_TC == pytest.approx(np.full((9, 2), 180.0), abs=1.0)


def test_the_fixed_window_grows_until_an_open_mouth_fits(make_face) -> None:
    face = make_face([(180.0, 180.0)] * 9, width_px=40, heights_px=30)
    assert fixed_windows(FIXED, face, 9).width_px == pytest.approx(30 * 1.4 * 2, rel=0.02)


def test_one_frame_of_false_points_does_not_change_the_scale(make_face) -> None:
    heights = [16.0] * 40
    steady = fixed_windows(FIXED, make_face([(180.0, 180.0)] * 40, heights_px=heights), 40).width_px
    heights[7] = 250.0
    assert fixed_windows(FIXED, make_face([(180.0, 180.0)] * 40, heights_px=heights), 40).width_px == steady


def test_the_scale_is_the_same_in_every_frame_and_either_way(make_face) -> None:
    heights = [10.0, 24.0] * 5
    face = make_face([(180.0, 180.0)] * 10, heights_px=heights)
    crops = crop_clip(FIXED, frames_of(10), face, np.empty((10, 50, 100, 3), np.uint8))
    assert crops.scale_x[0] == crops.scale_x[1] == crops.scale_y[0] == crops.scale_y[1]


def test_the_windows_centre_is_the_smoothed_centre_of_the_lips(make_face) -> None:
    rng = np.random.default_rng(1)
    line = np.linspace(150, 210, 60)
    face = make_face([(x + rng.normal(), 180.0) for x in line])
    off_T = fixed_windows(FIXED, face, 60).centers_TC[10:-10, 0] - line[10:-10]
    assert np.abs(off_T).max() < 1.0
    assert np.diff(off_T).std() < 0.2


def test_a_short_loss_lies_on_a_line_and_ends_are_held(make_face) -> None:
    sharp = FixedScale("sharp", smoothing_frames=0.01)
    face = make_face([None, (100.0, 180.0), None, None, (130.0, 180.0), None])
    x_T = fixed_windows(sharp, face, 6).centers_TC[:, 0]
    assert np.diff(x_T) == pytest.approx([0, 10, 10, 10, 0], abs=1e-6)


def test_frames_past_the_record_do_not_matter(make_face) -> None:
    face = make_face([(180.0, 180.0)] * 5 + [(20.0, 20.0)] * 5, heights_px=[10.0] * 5 + [60.0] * 5)
    alone = make_face([(180.0, 180.0)] * 5, heights_px=[10.0] * 5)
    assert np.array_equal(fixed_windows(FIXED, face, 5).centers_TC, fixed_windows(FIXED, alone, 5).centers_TC)
    assert fixed_windows(FIXED, face, 5).width_px == fixed_windows(FIXED, alone, 5).width_px


def test_a_clip_without_a_face_is_bad_input(make_face) -> None:
    with pytest.raises(BadInput) as caught:
        crops_of(FIXED, frames_of(3), make_face([None] * 3))
    assert caught.value.reason == "NO_FACE"


def test_outside_the_frame_its_border_repeats(make_face) -> None:
    crops_THWC = crops_of(FIXED, frames_of(1), make_face([(2.0, 180.0)]))
    assert (crops_THWC[0, :, :30, 0] == 0).all()
    assert crops_THWC[0, :, -1, 0].min() > 5


@pytest.mark.parametrize("size_px", [(360, 288), (1920, 1080)])
def test_the_fixed_crop_is_centred_on_the_lips(make_face, size_px: tuple[int, int]) -> None:
    width_px, height_px = size_px
    x, y = width_px * 0.4, height_px * 0.6
    face = make_face([(x, y)], width_px=width_px / 9, heights_px=width_px / 40, size_px=size_px)
    crop = crops_of(FIXED, frames_of(1, width_px, height_px), face)[0].astype(float)
    assert crop[..., 0].mean() * width_px / 255 == pytest.approx(x, abs=width_px / 100)
    assert crop[..., 1].mean() * height_px / 255 == pytest.approx(y, abs=height_px / 100)


def test_a_window_larger_than_the_crop_is_averaged_and_not_picked(make_face) -> None:
    checks = (np.indices((1080, 1920)).sum(axis=0) % 2 * 255).astype(np.uint8)
    frames_THWC = np.repeat(checks[None, :, :, None], 3, axis=3)
    face = make_face([(960.0, 540.0)], width_px=400, heights_px=100, size_px=(1920, 1080))
    crop = crops_of(FIXED, frames_THWC, face)[0]
    assert 100 < crop.min() <= crop.max() < 155


def test_false_points_far_away_ask_for_no_endless_window(make_face) -> None:
    face = make_face([(180.0, 180.0)] * 3, width_px=1e7)
    assert fixed_windows(FIXED, face, 3).width_px == 720


def test_points_must_cover_the_frames(make_face) -> None:
    with pytest.raises(ValueError, match="3 frames need"):
        crops_of(V1, frames_of(3), make_face([(180.0, 180.0)]))


def test_smoothing_keeps_what_is_constant_and_the_length() -> None:
    path_TC = np.full((5, 2), 3.5)
    assert smoothed(path_TC, 3.0) == pytest.approx(path_TC)


def talking_mouth(gaps_px: list[int]) -> UInt8Array:
    """A pale frame, red lips 6 px thick above and below a black gap, 36 px wide, at (180, 180)."""
    frames_THWC = np.full((len(gaps_px), 288, 360, 3), 200, np.uint8)
    for t, gap_px in enumerate(gaps_px):
        top = 180 - gap_px // 2
        frames_THWC[t, top - 6 : top + gap_px + 6, 162:198] = (200, 40, 40)
        frames_THWC[t, top : top + gap_px, 162:198] = 0
    return frames_THWC


def seen_gaps(profile: FixedScale | PaddedBox, gaps_px: list[int], make_face) -> np.ndarray:
    """Height of the black gap in the crops, px, with a part of a pixel by its darkness."""
    face = make_face([(180.0, 180.0)] * len(gaps_px), width_px=36, heights_px=[g + 12.0 for g in gaps_px])
    middle_TH = crops_of(profile, talking_mouth(gaps_px), face)[:, :, 50, 0]
    return (1 - middle_TH / 200.0).clip(0, 1).sum(axis=1)


def test_mouth_opening_survives_the_fixed_scale_and_not_v1(make_face) -> None:
    gaps_px = [2, 4, 8, 14, 18, 14, 8, 4, 2, 4, 8, 14, 18, 14, 8, 4]
    fixed_T = seen_gaps(FIXED, gaps_px, make_face) / gaps_px
    classic_T = seen_gaps(V1, gaps_px, make_face) / gaps_px
    assert fixed_T.max() / fixed_T.min() < 1.1
    assert np.corrcoef(seen_gaps(FIXED, gaps_px, make_face), gaps_px)[0, 1] > 0.999
    assert classic_T.max() / classic_T.min() > 1.6


def upright_face(
    eyes_px: float, lips: tuple[float, float], roll_rad: float = 0.0, name: str = IBUG_68, num_frames: int = 1
) -> Landmarks:
    """With the proportions of the mean face: eyes so far apart, the lips' centre there, turned about it."""
    numbering = topology(name)
    points_NC = np.zeros((numbering.num_points, 2))
    down = ALIGNED.lips_px / ALIGNED.eyes_px * eyes_px
    for group, at in (("right_eye", (-eyes_px / 2, -down)), ("left_eye", (eyes_px / 2, -down)), ("lips", (0.0, 0.0))):
        points_NC[list(numbering.group(group))] = at
    cos, sin = np.cos(roll_rad), np.sin(roll_rad)
    points_NC = points_NC @ np.array([[cos, sin], [-sin, cos]]) + lips
    points_TNC = np.repeat(points_NC[None], num_frames, axis=0).astype(np.float32)
    source_T = np.full(num_frames, PointSource.DETECTED, np.uint8)
    return Landmarks(name, points_TNC, np.ones(num_frames, np.float32), source_T, 360, 288)


@TOPOLOGIES
def test_an_upright_face_of_the_mean_size_is_cut_out_as_it_is(name: str) -> None:
    frames_THWC = frames_of(1)
    face = upright_face(ALIGNED.eyes_px, (180.5, 140.5), name=name)
    crops_THWC = crops_of(ALIGNED, frames_THWC, face)
    assert np.array_equal(crops_THWC[0], frames_THWC[0, 93:189, 133:229])


def test_a_face_of_half_the_size_is_enlarged_and_a_turned_one_set_upright() -> None:
    frame_HWC = np.zeros((288, 360, 3), np.uint8)
    turned = upright_face(ALIGNED.eyes_px / 2, (180.0, 140.0), roll_rad=0.4)
    # A bar along the line of the eyes, through the lips.
    along = np.array([np.cos(0.4), np.sin(0.4)]) * 20
    ends = (np.array([180.0, 140.0]) - along, np.array([180.0, 140.0]) + along)
    cv2.line(frame_HWC, *(tuple(int(v) for v in np.rint(end)) for end in ends), (255, 255, 255), 3)
    (crop_HWC,) = crops_of(ALIGNED, frame_HWC[None], turned)
    rows, columns = np.nonzero(crop_HWC[..., 0] > 127)
    assert 70 <= np.ptp(columns) <= 90, "40 px of the frame are 80 of the crop"
    assert np.ptp(rows) <= 12, "it lies level"
    faces = aligned_faces(ALIGNED, turned, 1)
    assert np.hypot(*faces.step_TC[0]) == pytest.approx(0.5, rel=1e-5)
    assert np.arctan2(faces.step_TC[0, 1], faces.step_TC[0, 0]) == pytest.approx(0.4, rel=1e-5)


def test_frames_of_one_channel_are_cropped_as_those_of_three() -> None:
    frames_THWC = frames_of(2)
    for profile in (ALIGNED, FIXED):
        face = upright_face(90.0, (170.0, 150.0), roll_rad=0.1, num_frames=2)
        grey_THWC = np.empty((2, profile.height_px, profile.width_px, 1), np.uint8)
        crop_clip(profile, np.ascontiguousarray(frames_THWC[..., :1]), face, grey_THWC)
        if profile is ALIGNED:
            assert np.array_equal(grey_THWC[..., 0], crops_of(profile, frames_THWC, face)[..., 0])


def test_an_aligned_face_moves_smoothly_and_frames_without_one_lie_between_neighbours() -> None:
    face = upright_face(60.0, (150.0, 140.0), num_frames=31)
    points_TNC, source_T = face.points_TNC.copy(), face.source_T.copy()
    points_TNC[15:] += 20.0
    points_TNC[10:20] = np.nan
    source_T[10:20] = PointSource.MISSING
    faces = aligned_faces(ALIGNED, dataclasses.replace(face, points_TNC=points_TNC, source_T=source_T), 31)
    steps_T = np.diff(faces.centers_TC[:, 0])
    assert (steps_T >= 0).all()
    assert steps_T.max() < 2.0, "20 px over eleven frames, and smoothed"
    with pytest.raises(BadInput, match="NO_FACE"):
        aligned_faces(ALIGNED, dataclasses.replace(face, source_T=np.zeros(31, np.uint8)), 31)


def test_landmarks_that_collapsed_ask_for_no_smear() -> None:
    face = upright_face(60.0, (150.0, 140.0))
    collapsed = dataclasses.replace(face, points_TNC=np.full_like(face.points_TNC, 150.0))
    assert np.hypot(*aligned_faces(ALIGNED, collapsed, 1).step_TC[0]) == pytest.approx(8 / 96)
