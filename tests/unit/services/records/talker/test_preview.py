"""A sheet of a few frames with the crop and the mouth drawn on them."""

import cv2
import numpy as np

from services.base.media.video import FrameChunk
from services.geometry.talker_points import talker_points
from services.records.talker.preview import Preview

GREEN, RED, YELLOW = (90, 220, 120), (255, 80, 80), (255, 200, 60)


def test_the_crop_is_green_where_there_is_a_face_and_red_where_none_is(landmarks) -> None:
    size_px, pattern = 400, "DDDDD..."
    face = landmarks(pattern, size_px)
    preview = Preview()
    preview.push(FrameChunk(0, np.zeros((len(pattern), size_px, size_px, 3), np.uint8), np.zeros(len(pattern))))
    jpeg = preview.sheet(talker_points(face, max_bridged_frames=0, smooth=True), size_px, "anna")
    sheet_HWC = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    # 4 columns of 320 px and a gap of 2; the crop's left side at 24 of 400 px is at 19, the mouth's points at 48.
    for t, is_there in enumerate(one == "D" for one in pattern):
        top, left = 20 + t // 4 * 322, t % 4 * 322
        side, mouth = sheet_HWC[top + 40, left + 19], sheet_HWC[top + 48, left + 48]
        other = np.abs(side - (RED if is_there else GREEN)).sum()
        assert np.abs(side - (GREEN if is_there else RED)).sum() < other, t
        assert (np.abs(mouth - YELLOW).sum() < 200) == is_there, t


def test_a_clip_without_a_frame_has_none(landmarks) -> None:
    assert Preview().sheet(talker_points(landmarks("D"), max_bridged_frames=0, smooth=False), 96, "anna") == b""
