"""What is told of a clip's files and of labels."""

import json

import cv2
import numpy as np
import pytest

from services.base.errors import BadInput
from services.records.sign.files.npz import ClipFacts, build_meta, decode_npz, encode_npz
from services.records.sign.files.parquet import decode_table, encode_table
from services.records.sign.inspect import arrays_of_table, describe_npz, describe_table, main, sheet_of
from services.records.sign.spec import SignFilesConfig

TIMES_MS = np.array([0, 66, 133, 200], np.int64)


@pytest.fixture
def arrays():
    draw = np.random.default_rng(0)
    mask = np.ones((4, 78), bool)
    mask[:2, 25:46] = False
    return {"X": draw.random((4, 156), np.float32), "mask": mask, "timestamps_ms": TIMES_MS}


@pytest.fixture
def folder(arrays, tmp_path):
    meta = build_meta(SignFilesConfig(), ClipFacts("a.mp4", 300, 400, 30.0))
    (tmp_path / "a.npz").write_bytes(encode_npz(arrays, meta))
    (tmp_path / "a.parquet").write_bytes(encode_table(arrays["X"], arrays["mask"], TIMES_MS))
    (tmp_path / "labels.csv").write_text("file,gloss,cat\na.npz,3,1\nb.npz,4,1\nb,5,1\n")
    return tmp_path


def test_an_npz_is_told_by_its_arrays_times_shares_and_meta(folder):
    told = describe_npz((folder / "a.npz").read_bytes(), 3)
    assert told["arrays"]["X"] == "float32 [4, 156]" and told["arrays"]["mask"] == "bool [4, 78]"
    assert (told["num_frames"], told["first_ms"], told["last_ms"]) == (4, 0, 200)
    assert (told["left_hand_share"], told["right_hand_share"]) == (0.5, 1.0)
    assert told["frame"] == {
        "index": 3,
        "t_ms": 200,
        "pose_points": 25,
        "left_hand_points": 21,
        "right_hand_points": 21,
        "face_points": 11,
    }
    assert told["meta"]["width"] == 300 and told["breaches"] == []


def test_a_parquet_table_is_told_alike_and_holds_the_same(folder, arrays):
    data = (folder / "a.parquet").read_bytes()
    told = describe_table(data, 0)
    assert (told["rows"], told["columns"], told["columns_that_differ"]) == (4, 158, [])
    assert (told["left_hand_share"], told["frame"]["left_hand_points"]) == (0.5, 0)
    for name, array in arrays_of_table(decode_table(data)).items():
        np.testing.assert_array_equal(array, arrays[name])


def test_rules_that_are_broken_are_told(arrays):
    data = encode_npz(arrays | {"X": arrays["X"] * 2}, {})
    assert any(text.startswith("OUT_OF_RANGE") for text in describe_npz(data, 0)["breaches"])


def test_a_frame_that_is_not_there_is_told(folder):
    with pytest.raises(BadInput, match="4 frames and none at index 4"):
        describe_npz((folder / "a.npz").read_bytes(), 4)


def test_skeletons_are_drawn_in_the_shape_of_the_video(folder):
    sheet = cv2.imdecode(np.frombuffer(sheet_of(decode_npz((folder / "a.npz").read_bytes()), "a"), np.uint8), 1)
    assert sheet.shape == (20 + 240 + 2, 4 * (180 + 2) - 2, 3)
    assert len(np.unique(sheet.reshape(-1, 3), axis=0)) > 10


def test_the_command_names_rows_of_labels_and_refuses_what_it_cannot_draw(folder, capsys):
    assert main([str(folder / "labels.csv"), "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["glosses"], told["files_that_stand_twice"]) == (3, 3, ["b"])
    assert main([str(folder / "labels.csv"), "--key", "a"]) == 0
    assert "file a.npz, gloss 3, cat 1, occluded 0" in capsys.readouterr().out
    assert main([str(folder / "labels.csv"), "--key", "z"]) == BadInput.exit_code
    assert main([str(folder / "labels.csv"), "--png", str(folder / "x.png")]) == BadInput.exit_code
    assert main([str(folder / "gone.npz")]) == BadInput.exit_code
    assert main([str(folder / "a.npz"), "--png", str(folder / "x.png")]) == 0
    assert (folder / "x.png").read_bytes().startswith(b"\x89PNG")
