"""Which files are clips, and what their outputs are called."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.pipelines.sign.discovery import EXTENSIONS, UNREAD_EXTENSIONS, discover, output_names
from services.base.errors import BadConfig
from services.base.store.interface import Entry

part = st.text("abA_ñé.", min_size=1, max_size=4).filter(lambda text: text.strip("."))
paths = st.lists(
    st.builds(
        lambda folders, stem, extension: "/".join([*folders, f"{stem}.{extension}"]),
        st.lists(part, max_size=3),
        part,
        st.sampled_from(["mp4", "MOV", "mkv"]),
    ),
    unique=True,
    max_size=25,
)


def folded(name):
    return unicodedata.normalize("NFC", name).casefold()


def file(name, size_bytes=10, kind="file"):
    return Entry(name, size_bytes, "1", kind)


@given(paths)
def test_no_two_clips_share_a_name_on_any_file_system(found):
    names = output_names(found)
    assert set(names) == set(found)
    assert len({folded(name) for name in names.values()}) == len(found)
    assert all(name and "/" not in name and len(name.encode()) <= 200 for name in names.values())


@given(paths, st.randoms())
def test_names_depend_on_the_set_of_paths_alone(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    assert output_names(shuffled) == output_names(found)


@given(paths.map(lambda found: sorted({path.replace("_", "b") for path in found})))
def test_a_base_name_is_the_name_exactly_where_no_other_clip_has_it(found):
    bases = [path.rpartition("/")[2].rpartition(".")[0] for path in found]
    all_folded = [folded(base) for base in bases]
    for path, base in zip(found, bases, strict=True):
        if all_folded.count(folded(base)) == 1:
            assert output_names(found)[path] == base


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["x/a.mp4", "y/b.mov"], ["a", "b"]),
        (["x/a.mp4", "y/a.mp4"], ["x__a", "y__a"]),
        (["a.mp4", "x/a.mp4"], ["a", "x__a"]),
        (["a.mp4", "a.MOV"], ["a_mp4", "a_MOV"]),
        (["x/a.mp4", "y/A.mp4"], ["x__a", "y__A"]),
        (["x/a.mp4", "y/a.mp4", "x__a.mp4"], ["x__a_mp4", "y__a", "x__a"]),
        (["two.dots.mp4"], ["two.dots"]),
    ],
)
def test_names_grow_only_as_far_as_they_must(found, expected):
    assert list(output_names(found).values()) == expected


def test_a_name_too_long_for_a_file_is_cut_and_told_apart():
    names = output_names([f"{'ä' * 150}{i}.mp4" for i in range(2)])
    assert len(set(names.values())) == 2
    assert all(len(name.encode()) <= 200 for name in names.values())


def test_videos_of_every_kind_and_case_are_found_at_any_depth():
    found = discover(map(file, ["b.MP4", "x/y/z/a.mov", "c.avi", "d.mkv", "e.webm", "f.M4V", "notes.txt", "README"]))
    assert [clip.path for clip in found.clips] == ["b.MP4", "c.avi", "d.mkv", "e.webm", "f.M4V", "x/y/z/a.mov"]
    assert found.notes == ("not read, being no video: 1 .txt, 1 without an ending",)


def test_what_cannot_be_read_is_told_file_by_file():
    entries = [file("a.mp4"), file("empty.mp4", 0), file("link.mp4", 0, "outside"), file("pipe.mp4", 0, "other")]
    found = discover([*entries, file("folder.mp4", 0, "directory"), file("away", 0, "outside")])
    assert [(p.path, p.reason) for p in found.problems] == [
        ("empty.mp4", "EMPTY_FILE"),
        ("link.mp4", "LEAVES_ROOT"),
        ("pipe.mp4", "NOT_A_FILE"),
    ]
    assert len(found.notes) == 1 and found.notes[0].startswith("away: this link leaves")


def test_shadow_files_of_macos_are_no_clips():
    found = discover([file("x/._a.mov"), file("x/a.mov")])
    assert [clip.path for clip in found.clips] == ["x/a.mov"]


def test_a_folder_without_videos_is_an_error_that_says_what_it_holds():
    with pytest.raises(BadConfig, match=r"2 \.jpg"):
        discover([file("a.jpg"), file("b.JPG")])


@pytest.mark.parametrize(
    ("path", "start"),
    [
        (".mp4", "clip"),
        ("x/.mp4", "clip"),
        ("...mp4", "clip"),
        (" . .mp4", "clip"),
        ("\n.mp4", "clip"),
        ("a\nb.mp4", "ab"),
        ("a\x1b[1mb.mp4", "a[1mb"),
        ("a\u2028b.mp4", "ab"),
        ("a\udcffb.mp4", "ab"),
    ],
)
def test_a_name_that_no_file_should_have_is_replaced_and_told_apart_by_a_digest(path, start):
    name = output_names([path, "ok.mp4", "ab.mp4", "clip.mp4"])[path]
    assert name.startswith(f"{start}__") and len(name) == len(start) + 18 and name.isprintable()
    assert output_names([path])[path] == name


def test_nameless_clips_of_several_folders_keep_names_of_their_own():
    found = [".mp4", "x/.mp4", "y/.mp4", ".MOV", "\n.mp4"]
    assert len(set(output_names(found).values())) == len(found)


@pytest.mark.parametrize("stem", ["می\u200cخواهم", "👩\u200d🦰", ".hidden", "a b", "a'b\"c"])
def test_ordinary_names_stay_as_they_are(stem):
    assert output_names([f"x/{stem}.mp4"]) == {f"x/{stem}.mp4": stem}


def test_transport_and_program_streams_are_videos():
    found = discover(map(file, [f"clip{ending}" for ending in EXTENSIONS]))
    assert {".ts", ".vob", ".mts", ".m2ts"} <= set(EXTENSIONS)
    assert len(found.clips) == len(EXTENSIONS) and not found.notes and not found.problems


def test_videos_that_are_not_read_are_named_one_by_one_with_what_to_do():
    unread = [f"clip{ending}" for ending in UNREAD_EXTENSIONS]
    entries = [*unread, "a.mp4.part", "notes.part", "._x.rm", "ok.mp4"]
    found = discover(map(file, entries))
    assert [clip.path for clip in found.clips] == ["ok.mp4"]
    assert {p.path: p.reason for p in found.problems} == {
        **dict.fromkeys(unread, "ENDING_NOT_READ"),
        "a.mp4.part": "UNFINISHED",
    }
    assert all("ffmpeg" in p.message for p in found.problems if p.reason == "ENDING_NOT_READ")
    assert found.notes == ("not read, being no video: 1 .part, 1 .rm",)
