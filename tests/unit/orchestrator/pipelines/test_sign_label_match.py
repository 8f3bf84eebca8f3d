"""A line of a label map means one clip, or it is refused, or told as nobody's: a wrong label is worse than none."""

import pytest

from orchestrator.pipelines.sign_label_match import label_clips
from services.base.errors import BadConfig
from services.records.sign.labels import MapRow

NAMES = {"a.mp4": "a", "b.mp4": "b", "x/a.mp4": "x__a", "x/c.mp4": "c", "y/a.mp4": "y__a"}
ROOT = "/data/videos"


def labelled(*files: str, names=NAMES, root: str = ROOT):
    rows = [MapRow(number, file, number, number) for number, file in enumerate(files, 2)]
    labels, unused = label_clips(names, rows, root)
    return {clip: label[0] for clip, label in labels.items()}, unused


def test_a_row_of_one_path_labels_no_other_clip_of_its_name():
    assert labelled("a.mp4", "b.mp4") == ({"a.mp4": 2, "b.mp4": 3}, [])


@pytest.mark.parametrize(
    ("file", "clip"),
    [
        ("x/c.mp4", "x/c.mp4"),
        ("x/c", "x/c.mp4"),
        ("x\\c.mp4", "x/c.mp4"),
        ("./x/c.mp4", "x/c.mp4"),
        (".\\x\\c.mp4", "x/c.mp4"),
        ("videos/x/c.mp4", "x/c.mp4"),
        ("/data/videos/x/c.mp4", "x/c.mp4"),
        ("x__a", "x/a.mp4"),
        ("x__a.npz", "x/a.mp4"),
        ("c.mp4", "x/c.mp4"),
        ("c", "x/c.mp4"),
        ("c.npz", "x/c.mp4"),
        ("a", "a.mp4"),
    ],
)
def test_the_usual_spellings_of_a_clip(file, clip):
    assert labelled(file) == ({clip: 2}, [])


@pytest.mark.parametrize("file", ["z/a.mp4", "x/b.mp4", "other.mp4", "x/c.webm", "C.mp4"])
def test_what_is_no_clip_labels_none(file):
    assert labelled(file) == ({}, [file])


def test_a_bare_name_of_several_clips_is_refused():
    names = {"x/a.mp4": "x__a", "y/a.mp4": "y__a"}
    with pytest.raises(BadConfig, match=r"'a\.mp4' may be x/a\.mp4, y/a\.mp4"):
        labelled("a.mp4", names=names)
    with pytest.raises(BadConfig, match=r"'s' may be s\.mov, s\.mp4"):
        labelled("s", names={"s.mp4": "s", "s.mov": "s_mov"})


def test_two_rows_may_not_give_one_clip_two_labels():
    with pytest.raises(BadConfig, match=r"line 3: 'a' gives a.mp4 the label 3, and line 2, 'a.mp4', gave it 2"):
        labelled("a.mp4", "a")
    same = [MapRow(2, "a.mp4", 7, 7), MapRow(3, "a", 7, 7)]
    assert label_clips(NAMES, same, ROOT) == ({"a.mp4": (7, 7)}, [])


@pytest.mark.parametrize("file", ["caf\u00e9.mp4", "cafe\u0301.mp4"])
@pytest.mark.parametrize("clip", ["caf\u00e9.mp4", "cafe\u0301.mp4"])
def test_composed_and_decomposed_letters_are_one_name(file, clip):
    assert labelled(file, names={clip: "n"}) == ({clip: 2}, [])


def test_clips_that_differ_by_the_form_of_letters_alone_cannot_be_labelled():
    with pytest.raises(BadConfig, match="may be"):
        labelled("caf\u00e9.mp4", names={"caf\u00e9.mp4": "a", "cafe\u0301.mp4": "b"})
