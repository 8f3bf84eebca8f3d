"""A look at a person's folder: what a training would find there."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.formats.npy import encode_npy
from services.formats.png import png_of_photograph
from services.formats.talker.landmark_pickle import encode_landmarks
from services.records.talker.inspect import crops_of, main

SIZE_PX, NUM_FRAMES = 96, 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Frames of one colour each, red rising."""
    person = tmp_path / "anna"
    points_NC = np.zeros((110, 2), np.int32)
    points_NC[1, 0], points_NC[31, 0], points_NC[52, 1] = 20, 60, 66
    for name in ("full_body_img", "landmarks"):
        (person / name).mkdir(parents=True)
    for t in range(NUM_FRAMES):
        frame_HWC = np.full((SIZE_PX, SIZE_PX, 3), (20 * t, 0, 0), np.uint8)
        (person / f"full_body_img/{t:06d}.png").write_bytes(png_of_photograph(frame_HWC))
        (person / f"landmarks/{t:06d}.pkl").write_bytes(encode_landmarks(points_NC))
    (person / "aud_ave.npy").write_bytes(encode_npy(np.zeros((NUM_FRAMES - 1, 512), np.float32)))
    return person


@pytest.mark.parametrize("file", ["", "landmarks/000003.pkl"])
def test_a_folder_is_described_by_itself_or_by_a_file_in_it(folder: Path, file: str, capsys) -> None:
    assert main([str(folder / file), "--index", "3", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "folder": "anna",
        "num_frames": NUM_FRAMES,
        "num_frames_usable": NUM_FRAMES,
        "width_px": SIZE_PX,
        "height_px": SIZE_PX,
        "num_points": 110,
        "sound": "none",
        "features": {"ave": {"file": "aud_ave.npy", "shape": [9, 512], "num_frames_with_a_row": 9}},
        "frame": {
            "file": "full_body_img/000003.png",
            "usable": True,
            "crop_left_px": 20,
            "crop_top_px": 66,
            "crop_side_px": 40,
            "crop_outside_share": 0.25,
        },
    }


def test_the_sheet_shows_crops_of_frames_from_first_to_last(folder: Path, tmp_path: Path, capsys) -> None:
    assert main([str(folder), "--png", str(tmp_path / "sheet.png")]) == 0
    assert "crop_outside_share: 0.25" in capsys.readouterr().out
    assert cv2.imread(str(tmp_path / "sheet.png")).shape[1] > 4 * 328
    crops_THWC = crops_of(folder, 8)
    assert crops_THWC.shape == (8, 328, 328, 3)
    assert crops_THWC[[0, -1], 0, 0, 0].tolist() == [0, 180]


def test_what_is_wrong_is_told_with_its_reason(folder: Path, capsys) -> None:
    assert main([str(folder), "--index", "10"]) == 3
    assert "NO_SUCH_FRAME" in capsys.readouterr().err
    (folder / "full_body_img/000000.png").write_bytes(b"no picture")
    assert main([str(folder)]) == 3
    assert "BAD_PICTURE: the 10 bytes of full_body_img/000000.png" in capsys.readouterr().err
    (folder / "full_body_img/000000.png").unlink()
    assert main([str(folder)]) == 3
    assert "FRAME_MISSING" in capsys.readouterr().err
    assert main([str(folder / "landmarks")]) == 3
