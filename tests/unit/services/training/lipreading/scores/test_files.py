"""What a test leaves: a row a clip, scores for the report, a page that shows where texts differ."""

import io
import json
import re

import pytest

pytest.importorskip("jiwer")
import numpy as np
import pyarrow.parquet as pq

from services.training.lipreading.scores.counts import Piece, character_pieces
from services.training.lipreading.scores.files import Look, files_of, posteriors, strip, worst
from services.training.lipreading.scores.printed import ModelTest
from services.training.lipreading.scores.score import Transcript

GOOD = Transcript("s1/a", "s1", "bin red", "bin red", 75)
BAD = Transcript("s1/<b>", "s1", "set <now>", "sit now", 60)
TESTED = ModelTest("test", [GOOD, BAD], [GOOD, BAD], "bin red", {"data": "d" * 64})
LOOK = Look(BAD, np.full((60, 50, 100, 1), 7, np.uint8), np.array([[0.9, 0.1], [0.98, 0.02]], np.float32), ["a", "_"])


def test_the_table_has_a_row_a_clip_with_its_errors():
    rows = pq.read_table(io.BytesIO(files_of(TESTED, [])["results.parquet"])).to_pylist()
    assert rows[0] == {
        **{"key": "s1/a", "speaker": "s1", "split": "test", "reference": "bin red", "hypothesis": "bin red"},
        **{"substitutions": 0, "deletions": 0, "insertions": 0, "num_characters": 7},
        **{"num_words": 2, "word_errors": 0, "frames": 75},
    }
    assert (rows[1]["substitutions"], rows[1]["deletions"], rows[1]["word_errors"], rows[1]["frames"]) == (1, 2, 2, 60)


def test_the_scores_name_the_worst_clips_first():
    scores = json.loads(files_of(TESTED, [])["scores.json"])
    assert [clip["key"] for clip in scores["worst"]] == ["s1/<b>", "s1/a"]
    assert scores["worst"][0]["cer"] == pytest.approx(3 / 9)
    assert worst(TESTED, 1) == [BAD]


def test_texts_are_cut_where_they_differ():
    assert character_pieces("set <", "sit") == [
        Piece("equal", "s", "s"),
        Piece("substitute", "e", "i"),
        Piece("equal", "t", "t"),
        Piece("delete", " <", ""),
    ]


def test_the_page_marks_differences_shows_pictures_and_is_self_contained():
    page = files_of(TESTED, [LOOK])["test.html"].decode()
    assert '<span class="substitute">e</span>' in page and '<span class="substitute">i</span>' in page
    assert '<span class="delete">&lt;</span>' in page
    assert page.count("data:image/png;base64,") == 2
    assert not re.search(r"""(src|href)=["'](?!data:)""", page) and "<script" not in page


def test_a_strip_has_frames_from_the_first_to_the_last():
    frames = np.arange(60, dtype=np.uint8).reshape(60, 1, 1, 1) * np.ones((1, 64, 128, 1), np.uint8)
    picture = strip(frames)
    assert picture.shape == (64, 12 * 128, 3)
    assert (picture[0, 0, 0], picture[0, -1, 0]) == (0, 59)
    assert strip(np.zeros((1, 50, 100, 3), np.uint8)).shape == (64, 128, 3)


def test_posteriors_have_a_row_a_likely_class_and_darker_is_likelier():
    picture = posteriors(LOOK)
    assert picture.shape == (2 * 16, 24 + 2 * 6, 3)
    assert picture[0, 24, 0] < picture[16, 24, 0] < picture[16, 30, 0]


def test_of_a_network_that_knows_nothing_some_classes_are_shown():
    even = np.full((3, 28), 1 / 28, np.float32)
    assert posteriors(Look(BAD, LOOK.frames_THWC, even, list("abcdefghijklmnopqrstuvwxyz_-"))).shape[0] >= 4 * 16
