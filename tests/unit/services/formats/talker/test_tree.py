"""The folder of a person, in our layout and in that of SyncTalk_2D's code."""

import numpy as np
import pytest

from services.base.errors import BadInput
from services.formats.npy import encode_npy
from services.formats.talker.landmark_pickle import encode_landmarks
from services.formats.talker.landmark_table import LandmarkTable, encode_table
from services.formats.talker.tree import features_file, features_of, num_usable, points_of, tree_of, usable_of

NUM_FRAMES = 12
POINTS = np.random.default_rng(0).integers(0, 500, (NUM_FRAMES, 110, 2)).astype(np.int32)


def ours(ending: str = "png", num_rows: int = NUM_FRAMES) -> dict[str, bytes]:
    usable_T = np.arange(NUM_FRAMES) != 3
    table = LandmarkTable(
        POINTS.astype(np.float32), np.ones(NUM_FRAMES, np.uint8), usable_T, np.ones((NUM_FRAMES, 3), np.int32)
    )
    return {
        **{f"full_body_img/{t:06d}.{ending}": b"" for t in range(NUM_FRAMES)},
        **{f"landmarks/{t:06d}.pkl": encode_landmarks(POINTS[t]) for t in range(NUM_FRAMES)},
        "aud.wav": b"",
        "aud_ave.npy": encode_npy(np.zeros((num_rows, 512), np.float32)),
        "landmarks.npz": encode_table(table),
        ".preprocessing_metadata.json": b"{}",
    }


def theirs() -> dict[str, bytes]:
    return {
        **{f"full_body_img/{t}.jpg": b"" for t in range(NUM_FRAMES)},
        **{f"landmarks/{t}.lms": "".join(f"{x} {y}\n" for x, y in POINTS[t]).encode() for t in range(NUM_FRAMES)},
        "aud.wav": b"",
        "aud_hu.npy": encode_npy(np.zeros((NUM_FRAMES, 2, 1024), np.float32)),
    }


@pytest.mark.parametrize("files", [ours(), ours("jpg"), theirs()], ids=["ours", "ours, jpg", "theirs"])
def test_frames_and_landmarks_come_by_number(files: dict[str, bytes]) -> None:
    tree = tree_of(reversed(files))
    assert [int(name.split("/")[1].split(".")[0]) for name in tree.frames] == list(range(NUM_FRAMES))
    np.testing.assert_array_equal(points_of(tree, files.__getitem__), POINTS)
    assert tree.sound == "aud.wav"


def test_features_are_found_under_both_names() -> None:
    assert tree_of(ours()).features == {"ave": "aud_ave.npy"}
    assert tree_of(theirs()).features == {"hubert": "aud_hu.npy"}
    assert tree_of([*theirs(), "aud_hubert.npy"]).features == {"hubert": "aud_hubert.npy"}
    assert features_file("hubert") == "aud_hubert.npy"
    assert features_of(tree_of(theirs()), "hubert", theirs().__getitem__).shape == (NUM_FRAMES, 2, 1024)


def test_the_table_says_which_frames_are_usable() -> None:
    assert usable_of(tree_of(ours()), ours().__getitem__).nonzero()[0].tolist() == [0, 1, 2, *range(4, NUM_FRAMES)]
    assert usable_of(tree_of(theirs()), theirs().__getitem__).all()


def without(files: dict[str, bytes], *starts: str) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if not name.startswith(starts)}


@pytest.mark.parametrize(
    ("names", "reason", "message"),
    [
        ([], "MISSING_OR_EMPTY", "full_body_img is missing or empty"),
        (without(ours(), "full_body_img"), "MISSING_OR_EMPTY", "full_body_img is missing or empty"),
        ([*without(ours(), "full_body_img"), "full_body_img/a.png"], "MISSING_OR_EMPTY", "full_body_img"),
        (without(ours(), "landmarks/"), "MISSING_OR_EMPTY", "landmarks is missing or empty"),
        (without(ours(), "full_body_img/000005"), "FRAME_MISSING", "full_body_img lacks number 5 of 0 to 11, 1 in all"),
        (without(ours(), "full_body_img/000011"), "FRAME_MISSING", "full_body_img lacks number 11"),
        (without(ours(), "full_body_img/000000"), "FRAME_MISSING", "full_body_img lacks number 0"),
        (without(ours(), "landmarks/000011", "landmarks/000002"), "LANDMARKS_MISSING", "lacks number 2 .* 2 in all"),
        ([*ours(), "full_body_img/000003.jpg"], "TWO_OF_A_NUMBER", r"000003.jpg and .*000003.png"),
        ([*ours(), "landmarks/3.lms"], "TWO_OF_A_NUMBER", "of one frame"),
    ],
)
def test_a_folder_with_a_gap_is_refused(names, reason: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as refused:
        tree_of(names)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (ours() | {"landmarks/000004.pkl": b"cos\nmkdir\n(S'x'\ntR."}, "UNSAFE_LANDMARKS"),
        (theirs() | {"landmarks/4.lms": b"1 2\n" * 68}, "BAD_LANDMARKS"),
        (theirs() | {"landmarks/4.lms": b"1 2\n" * 98}, "LANDMARKS_DIFFER"),
    ],
)
def test_landmarks_of_another_size_are_refused_by_their_file(files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(BadInput, match=r"landmarks/0*4\.") as refused:
        points_of(tree_of(files), files.__getitem__)
    assert refused.value.reason == reason


def test_a_table_of_another_number_of_frames_is_refused() -> None:
    files = without(ours(), "full_body_img/000011", "landmarks/000011")
    with pytest.raises(BadInput, match=r"BAD_TABLE.*of 12 frames, the folder of 11"):
        usable_of(tree_of(files), files.__getitem__)


def test_features_that_are_not_there_are_named_with_those_that_are() -> None:
    with pytest.raises(BadInput, match=r"NO_AUDIO_FEATURES: aud_hubert.npy or aud_hu.npy is not .*: aud_ave.npy"):
        features_of(tree_of(ours()), "hubert", ours().__getitem__)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (np.zeros((NUM_FRAMES, 2, 1024), np.float32), "OTHER_FEATURES"),
        (np.zeros((NUM_FRAMES, 512), np.int64), "OTHER_FEATURES"),
        (np.zeros((NUM_FRAMES - 3, 512), np.float32), "FEATURES_LENGTH"),
        (np.zeros((0, 512), np.float32), "FEATURES_LENGTH"),
        (np.full((NUM_FRAMES, 512), np.nan, np.float32), "FEATURES_NOT_FINITE"),
        (np.array([None]), "BAD_NPY"),
    ],
)
def test_features_of_another_model_or_length_are_refused(rows: np.ndarray, reason: str) -> None:
    out = encode_npy(rows) if rows.dtype != object else b"\x93NUMPY"
    files = ours() | {"aud_ave.npy": out}
    with pytest.raises(BadInput) as refused:
        features_of(tree_of(files), "ave", files.__getitem__)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("num_frames", "num_rows", "usable"),
    [(200, 199, 199), (250, 249, 249), (7500, 7499, 7499), (100, 104, 100), (12, 10, 10), (7500, 7475, 7475)],
)
def test_frames_with_a_row_are_the_first_ones(num_frames: int, num_rows: int, usable: int) -> None:
    assert num_usable(num_frames, num_rows, "aud_ave.npy") == usable


@pytest.mark.parametrize(("num_frames", "num_rows"), [(200, 160), (7500, 6000), (12, 9), (7500, 7474), (1, 0)])
def test_rows_of_another_rate_are_told(num_frames: int, num_rows: int) -> None:
    """Such as wenet's at 20 a second for pictures at 25."""
    with pytest.raises(BadInput, match=f"FEATURES_LENGTH: aud_wenet.npy has {num_rows} rows for {num_frames} frames"):
        num_usable(num_frames, num_rows, "aud_wenet.npy")
