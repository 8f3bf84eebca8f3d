"""A line of a label map means one clip, or it is refused, or told as nobody's: a wrong label is worse than none."""

import pytest

from orchestrator.pipelines.sign.label_match import label_clips
from services.base.errors import BadConfig
from services.records.sign.files.labels import MapRow

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


@pytest.mark.parametrize("file", ["./c.mp4", ".\\c.mp4", "videos/c.mp4", "/data/videos/c.mp4", "./c", "videos/c.npz"])
def test_a_path_of_the_root_is_no_clip_of_a_folder(file):
    assert labelled(file) == ({}, [file])


@pytest.mark.parametrize(
    ("clip", "files"),
    [
        ("x/a.MP4", ["x/a.MP4", "x/a.mp4", "x/a.Mp4", "a.mp4", "x\\a.mp4"]),
        ("x/a.mp4", ["x/a.MP4", "a.MP4"]),
    ],
)
def test_an_ending_may_be_in_upper_or_lower_case(clip, files):
    for file in files:
        assert labelled(file, names={clip: "a"}) == ({clip: 2}, [])


def test_the_case_that_is_written_decides_between_two_clips():
    names = {"a.mp4": "a_mp4__1", "a.MP4": "a_mp4__2"}
    assert labelled("a.mp4", "a.MP4", names=names) == ({"a.mp4": 2, "a.MP4": 3}, [])
    with pytest.raises(BadConfig, match="may be"):
        labelled("a.Mp4", names=names)


def test_a_name_with_its_ending_is_no_other_clip_without_its_ending():
    names = {"a.mp4.mov": "a.mp4", "x/a.mp4": "a"}
    assert labelled("a.mp4", names=names) == ({"x/a.mp4": 2}, [])
    assert labelled("a.mp4.mov", names=names) == ({"a.mp4.mov": 2}, [])


def test_spaces_about_a_name_are_none_of_it():
    assert labelled("a.mp4", names={" a.mp4": " a"}) == ({" a.mp4": 2}, [])
    with pytest.raises(BadConfig, match="may be"):
        labelled("a.mp4", names={" a.mp4": " a", "a.mp4": "a"})


def test_two_categories_of_one_clip_are_two_labels():
    rows = [MapRow(2, "a.mp4", 7, 1), MapRow(3, "a", 7, 2)]
    with pytest.raises(BadConfig, match=r"the label 7 of category 2, and line 2, 'a\.mp4', gave it 7 of category 1"):
        label_clips(NAMES, rows, ROOT)
