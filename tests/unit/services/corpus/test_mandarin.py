"""Mandarin of the demo corpus: visemes of pinyin, and clips and tables in the layout of Chinese-LiPS."""

import csv
import io
import pickle
from pathlib import Path

import pytest

from services.base.media.clip import Media
from services.corpus import mandarin
from services.corpus.mandarin import LipsTake, draw_texts, mandarin_files, split_of, visemes_of
from services.corpus.visemes import VISEMES


@pytest.mark.parametrize(
    ("pinyin", "visemes"),
    [
        ("wo", "WO"),
        ("shang", "CAK"),
        ("xue", "SUE"),
        ("men", "PET"),
        ("tian", "TIAT"),
        ("er", "ER"),
        ("zhuang", "CUAK"),
    ],
)
def test_a_syllable_is_its_initial_and_the_letters_of_its_final(pinyin: str, visemes: str) -> None:
    assert visemes_of(pinyin) == tuple(visemes)


@pytest.mark.parametrize("pinyin", ["", "zh", "wx", "ni3"])
def test_what_is_no_syllable_is_refused(pinyin: str) -> None:
    with pytest.raises(ValueError, match="no syllable"):
        visemes_of(pinyin)


def test_every_character_of_every_sentence_can_be_said() -> None:
    said = {character for slot in mandarin._SLOTS for word in slot for character in word}
    assert said == set(mandarin.PINYIN)
    assert {name for pinyin in mandarin.PINYIN.values() for name in visemes_of(pinyin)} <= VISEMES.keys()


def test_sentences_differ_and_a_longer_list_begins_with_a_shorter_one() -> None:
    texts = draw_texts(0, 1, 50)
    assert len(set(texts)) == 50
    assert texts[:10] == draw_texts(0, 1, 10)
    assert draw_texts(0, 2, 10) != texts[:10]


@pytest.mark.parametrize(
    ("num_speakers", "splits"),
    [(1, ["train"]), (2, ["train"] * 2), (3, ["train", "val", "test"]), (4, ["train"] * 2 + ["val", "test"])],
)
def test_splits_share_no_speaker(num_speakers: int, splits: list[str]) -> None:
    assert [split_of(speaker, num_speakers) for speaker in range(1, num_speakers + 1)] == splits


def test_a_clip_is_3_to_6_s_of_a_mouth_and_the_same_every_time() -> None:
    av = pytest.importorskip("av")
    take = LipsTake(0, 1, 1, "妈妈看书")
    content = take.media()
    assert content == take.media()
    with av.open(io.BytesIO(content)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, float(stream.average_rate)) == (96, 96, 25.0)
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert 1.5 <= len(frames) / 25 <= 6
    assert len({frame.tobytes() for frame in frames}) > len(frames) / 2, "the mouth moves"
    assert take.key.startswith("101_") and take.key.endswith("_001")


@pytest.mark.parametrize("broken", [False, True])
def test_tables_name_the_videos_that_are_there(broken: bool) -> None:
    files = {path: make for path, make, _, _ in mandarin_files(0, 3, 2, broken=broken)}
    videos = {path for path in files if path.endswith(".mp4")}
    assert len(videos) == 6 + broken
    rows = [
        (folder, row)
        for split, (table, folder) in mandarin.TABLES.items()
        for row in csv.DictReader(io.StringIO(files[table]().decode()))
    ]
    found = [f"{folder}/{row['face_path'].partition('/')[2]}" in videos for folder, row in rows]
    assert found.count(False) == broken
    assert sum(not row["text"] for _, row in rows) == broken


def test_what_is_drawn_is_read_by_who_learns_from_it(tmp_path: Path) -> None:
    from services.training.data.lips.videos import Reading, frames_of

    take = LipsTake(0, 2, 1, "他们去市场吧")
    frames_THW = frames_of(Media.of_bytes("a.mp4", take.media()), Reading(96, 96, 25.0, "time", 500))
    assert 3.0 <= len(frames_THW) / 25 <= 6.0


@pytest.mark.parametrize("faces", [False, True])
def test_files_can_be_drawn_by_other_processes(faces: bool) -> None:
    for _, make, _, _ in mandarin_files(0, 3, 1, broken=True, faces=faces):
        assert pickle.loads(pickle.dumps(make)).__class__ is make.__class__


def test_faces_are_beside_the_mouths_and_in_a_table_of_all() -> None:
    files = [path for path, _, _, _ in mandarin_files(0, 3, 2, broken=False, faces=True)]
    assert sum("/FACE/" in path for path in files) == sum(path.startswith("processed_") for path in files) == 6
    assert "meta_all.csv" in files
