"""A data set of the layout is opened: lines without a clip have reasons, and splits share no clip."""

from collections import Counter
from pathlib import Path

import pytest
from lips_data import LipsExample, table_file, write_lips

from services.base.errors import BadConfig, BadInput
from services.training.data.lips.chinese_lips import LipsData, LipsSettings, open_chinese_lips
from services.training.data.lips.reading import Reading

FOLDERS = {"train": "processed_train", "val": "processed_val", "test": "processed_test"}
SAID = {1: "文字说", 2: "说文字"}
TRAIN = [LipsExample(f"{who}_20_M_KJ_00{i}", said[: 1 + i]) for who, said in SAID.items() for i in range(3)]
TEST = [LipsExample("3_20_F_LY_000", "说文", rate_hz=30)]


def opened(root: Path, max_frames: int = 500, **settings: object) -> LipsData:
    reading = Reading(32, 32, 25.0, "time", max_frames)
    return open_chinese_lips(LipsSettings(str(root), str(root / "state"), reading, FOLDERS, **settings))  # type: ignore[arg-type]


def test_clips_of_each_split_are_read(tmp_path: Path) -> None:
    valid = [LipsExample("4_20_F_LY_000", "字")]
    data = opened(write_lips(tmp_path, {"train": TRAIN, "valid": valid, "test": TEST}))
    assert [len(data.split(name).items) for name in FOLDERS] == [6, 1, 1]
    assert [clip.speaker for clip in data.train.clips] == ["1"] * 3 + ["2"] * 3
    batch = data.train.read([0, 2], "")
    assert batch["frames_BTHWC"].shape == (2, 15, 32, 32, 1)
    assert batch["lengths_B"].tolist() == [5, 15]
    assert batch["texts"] == ["文", "文字说"]
    assert not batch["frames_BTHWC"][0, 5:].any()
    assert data.left_out == ()
    assert [item.cost for item in data.test.items] == [8], "10 frames at 30 a second are 8 at 25"


def test_validation_is_set_apart_where_there_is_none(tmp_path: Path) -> None:
    data = opened(write_lips(tmp_path, {"train": TRAIN}), val_share=0.34)
    assert [len(data.split(name).items) for name in FOLDERS] == [4, 2, 0]
    assert {clip.speaker for clip in data.val.clips} == {"1", "2"}
    assert any("no clips to validate on" in note for note in data.notes)


def test_every_line_without_a_clip_has_its_reason(tmp_path: Path) -> None:
    root = write_lips(tmp_path, {"train": TRAIN})
    rows = [one.row() for one in TRAIN]
    rows += [("5_20_M_KJ_001", "KJ", "", "", "KJ/x/none.mp4", "文"), TRAIN[0].row(), ("", "", "", "", "", "字")]
    rows += [("6_20_M_KJ_001", "KJ", "", "", TRAIN[1].row()[4], "")]
    rows += [("7_20_M_KJ_001", "KJ", "", "", "KJ/x/broken.mp4", "文")]
    (root / "processed_train/x/broken.mp4").write_bytes(b"not a video")
    (root / "meta_train.csv").write_text(table_file(rows), encoding="utf-8")
    data = opened(root)
    reasons = Counter(one.reason for one in data.left_out)
    assert reasons == {"VIDEO_MISSING": 1, "BAD_ID": 2, "NO_TEXT": 1, "OPEN_FAILED": 1}
    assert [one.line for one in data.left_out if one.reason == "VIDEO_MISSING"] == [8]
    assert sum(len(data.split(name).items) for name in FOLDERS) == 6


def test_whole_faces_and_names_that_two_videos_have_are_told(tmp_path: Path) -> None:
    faces = [LipsExample(f"{5 + i}_20_M_KJ_000", "文字说"[: i + 1], size_px=192) for i in range(2)]
    root = write_lips(tmp_path, {"train": [*TRAIN, *faces]})
    rows = [one.row() for one in (*TRAIN, *faces)] + [("8_20_M_KJ_000", "KJ", "", "", "twin.mp4", "文")]
    (root / "meta_train.csv").write_text(table_file(rows), encoding="utf-8")
    for folder in ("a", "b"):
        (root / folder).mkdir()
        (root / folder / "twin.mp4").write_bytes(b"x")
    data = opened(root, val_share=0)
    assert any("2 of 8 videos are not of a mouth's size, most of them 192x192 px" in note for note in data.notes)
    assert [one.reason for one in data.left_out] == ["VIDEO_AMBIGUOUS"]
    assert "a/twin.mp4 and b/twin.mp4" in data.left_out[0].message


def test_the_share_of_clips_that_are_cut_is_known(tmp_path: Path) -> None:
    data = opened(write_lips(tmp_path, {"train": TRAIN}), max_frames=10, val_share=0)
    assert data.train.share_cut == pytest.approx(1 / 3)
    assert [item.cost for item in data.train.items] == [5, 10, 10] * 2


@pytest.mark.parametrize("unreadable", ["drop", "zeros"])
def test_a_video_that_breaks_is_left_out_or_black(tmp_path: Path, unreadable: str) -> None:
    data = opened(write_lips(tmp_path, {"train": TRAIN}), val_share=0, unreadable=unreadable)
    clip = data.train.clips[2]
    path = tmp_path / clip.name
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(BadInput, match="VIDEO_CHANGED"):
        data.train.read([2], "")
    path.write_bytes(whole)
    assert data.train.read([2], "")["frames_BTHWC"].any()


def test_one_video_in_two_splits_is_refused_unless_it_is_allowed(tmp_path: Path) -> None:
    root = write_lips(tmp_path, {"train": TRAIN, "test": [LipsExample("9_20_M_KJ_000", TRAIN[0].text)]})
    (root / "processed_test/x/9_20_M_KJ_000_FACE.mp4").write_bytes(
        (root / f"processed_train/x/{TRAIN[0].video}").read_bytes()
    )
    with pytest.raises(BadConfig, match="CONTENT_LEAK"):
        opened(root)
    assert len(opened(root, allow_leak=True).leaks) == 1


def test_the_digest_follows_the_files_and_not_how_they_are_read(tmp_path: Path) -> None:
    root = write_lips(tmp_path, {"train": TRAIN})
    first, cut = opened(root), opened(root, max_frames=5)
    assert first.digest == cut.digest
    assert first.train.digest != cut.train.digest
    (root / "processed_train/x" / TRAIN[0].video).write_bytes(
        (root / "processed_train/x" / TRAIN[1].video).read_bytes() + b"\0"
    )
    assert opened(root).digest != first.digest


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({}, "has no meta_train.csv"),
        ({"meta_train.csv": table_file([TRAIN[0].row()])}, "holds no video"),
        ({"meta_train.csv": table_file([TRAIN[0].row()]), "train.zip": ""}, "train.zip must be unpacked"),
        ({"meta_train.csv": table_file([TRAIN[0].row()]), "a.mp4": "x"}, "1 VIDEO_MISSING"),
    ],
)
def test_a_root_without_clips_is_refused_with_what_it_lacks(
    tmp_path: Path, names: dict[str, str], message: str
) -> None:
    (tmp_path / "demo-corpus.json").write_text("{}")
    for name, text in names.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(BadConfig, match=f"NO_TRAIN_CLIPS.*{message}"):
        opened(tmp_path)


def test_the_licensed_data_set_asks(tmp_path: Path) -> None:
    root = write_lips(tmp_path, {"train": TRAIN[:2]}, licensed=True)
    with pytest.raises(BadConfig, match="LICENCE_NOT_ATTESTED"):
        opened(root)
    opened(root, accept_licence=True)
    opened(root)
