"""Videos that lists name: every form that the scripts' users have, and what is refused before any work."""

import json

import pytest

from orchestrator.pipelines.talker.entries import (
    VideoEntry,
    entries_of_folder,
    entries_of_json,
    entries_of_list,
    stem_of,
)
from services.base.errors import BadConfig

MODELS = ("ave", "hubert", "wenet", "mel")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/videos/a.mp4 person1", ("/videos/a.mp4", "person1")),
        ("/videos/a.mp4\tperson1", ("/videos/a.mp4", "person1")),
        ("  a.mp4   person1  ", ("a.mp4", "person1")),
        ("a.mp4", ("a.mp4", "a")),
        ("videos/a.b.mov", ("videos/a.b.mov", "a.b")),
        ('"my videos/clip one.mp4" person1', ("my videos/clip one.mp4", "person1")),
        ("'my videos/clip one.mp4' person1", ("my videos/clip one.mp4", "person1")),
        ('"my videos/clip1.mp4"', ("my videos/clip1.mp4", "clip1")),
        ("my videos/clip1.mp4 person1", ("my videos/clip1.mp4", "person1")),
        ("my videos/clip1.MP4", ("my videos/clip1.MP4", "clip1")),
        (r"C:\videos\obama.mp4", (r"C:\videos\obama.mp4", "obama")),
        ("s3://bucket/a.mp4 person1", ("s3://bucket/a.mp4", "person1")),
    ],
)
def test_a_line_is_a_path_with_a_name_or_a_path_alone(line, expected):
    (found,) = entries_of_list(line, "videos.txt")
    assert (found.path, found.name) == expected


def test_comments_blank_lines_windows_line_ends_and_a_byte_order_mark_say_nothing():
    text = "\ufeff# persons\r\n\r\na.mp4 one\r\n  # b.mp4 two\r\nc.mp4 three\r\n"
    assert [(entry.path, entry.name) for entry in entries_of_list(text, "videos.txt")] == [
        ("a.mp4", "one"),
        ("c.mp4", "three"),
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"videos": [{"path": "a.mp4", "name": "one"}]},
        [{"path": "a.mp4", "name": "one"}],
        [{"video_path": "a.mp4", "name": "one"}],
        {"video_path": "a.mp4", "name": "one"},
    ],
)
def test_every_form_of_json_config_is_read(values):
    (found,) = entries_of_json(json.dumps(values), MODELS, "config.json")
    assert (found.path, found.name, found.asr_model) == ("a.mp4", "one", "")


def test_an_entry_may_have_a_model_of_its_own():
    text = json.dumps({"videos": [{"path": "a.mp4", "name": "one", "asr_model": "hubert"}, {"path": "b.mp4"}]})
    assert [(e.name, e.asr_model) for e in entries_of_json(text, MODELS, "c")] == [("one", "hubert"), ("b", "")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("3", "must be"),
        ('{"videos": [3]}', "video 1: must be an object"),
        ('{"videos": [], "fps": 25}', "unknown key 'fps'"),
        ('[{"path": "a.mp4", "nmae": "x"}]', "unknown key 'nmae': there are path, video_path, name, asr_model"),
        ('[{"name": "x"}]', "must have a path"),
        ('[{"path": "a.mp4", "video_path": "b.mp4"}]', "one alone"),
        ('[{"path": "a.mp4", "asr_model": "deep"}]', "one of ave, hubert, wenet, mel"),
        ('[{"path": "a.mp4", "name": 3}]', "object of texts"),
        ("[]", "names no video"),
    ],
)
def test_a_json_config_that_says_something_else_is_refused(text, said):
    with pytest.raises(BadConfig, match=said):
        entries_of_json(text, MODELS, "config.json")


@pytest.mark.parametrize("name", ["..", ".x", "a/b", "a b", "ü", "x" * 101, "a\\b", "$(reboot)", "-"[:0]])
def test_names_that_are_no_folder_everywhere_are_refused(name):
    with pytest.raises(BadConfig, match="BAD_NAME"):
        VideoEntry("a.mp4", name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a.mp4 one\nb.mp4 ONE", "differ by case alone"),
        ("a.mp4 one\nb.mp4 one", "the same name"),
        ("a/x.mp4\nb/x.mp4", "the same name"),
        ("# nothing\n", "names no video"),
        ("a.mp4 one\nb.mp4 ../two", "line 2: name '../two'"),
    ],
)
def test_a_list_that_cannot_be_is_refused_whole(text, said):
    with pytest.raises(BadConfig, match=said):
        entries_of_list(text, "videos.txt")


def test_ten_thousand_entries_are_read():
    entries = entries_of_list("\n".join(f"videos/{i}.mp4 person{i}" for i in range(10_000)), "videos.txt")
    assert (len(entries), entries[-1].name) == (10_000, "person9999")


def test_a_folder_gives_its_videos_sorted_and_nothing_else():
    names = ["b.mov", "A.MP4", "notes.txt", "._b.mov", "c.webm", "d.mkv", "e.avi", "f.mp4.part"]
    found = entries_of_folder(names, "videos")
    assert [(entry.path, entry.name) for entry in found] == [
        ("videos/A.MP4", "A"), ("videos/b.mov", "b"), ("videos/c.webm", "c"), ("videos/d.mkv", "d"),
        ("videos/e.avi", "e"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "stem"), [("/a/b.mp4", "b"), ("b", "b"), (r"C:\x\b.mp4", "b"), ("s3://a/b.c.mp4", "b.c")]
)
def test_the_stem_of_a_path(path, stem):
    assert stem_of(path) == stem
