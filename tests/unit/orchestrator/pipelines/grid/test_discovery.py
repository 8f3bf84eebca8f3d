import random
import re
import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.pipelines.catalog import Problem, raise_if_fatal
from orchestrator.pipelines.grid.discovery import Discovery, discover
from orchestrator.pipelines.grid.layouts import LAYOUTS, Layout
from services.base.errors import BadConfig
from services.base.store.interface import Entry


def listing(*names: str, **sizes: int) -> list[Entry]:
    return [Entry(name, sizes.get(name, 100), f"v of {name}") for name in names]


def pair(speaker: str, stem: str) -> list[Entry]:
    return listing(f"{speaker}_processed/{stem}.mpg", f"{speaker}_processed/align/{stem}.align")


def found(discovery: Discovery) -> list[tuple[str, str]]:
    return [(problem.path, problem.reason) for problem in discovery.problems]


ONE = pair("s1", "bbaf2n")


def test_layout_a_is_found_by_itself() -> None:
    discovery = discover(ONE)
    clip = discovery.clips[0]
    assert discovery.layout.name == "processed"
    assert (clip.key, clip.speaker_id, clip.utterance_id) == ("s1/bbaf2n", "s1", "bbaf2n")
    assert clip.media == ("s1_processed/bbaf2n.mpg", 100, "v of s1_processed/bbaf2n.mpg")
    assert clip.extra("align") == ("s1_processed/align/bbaf2n.align", 100, "v of s1_processed/align/bbaf2n.align")
    assert discovery.problems == ()


def test_layout_b_is_found_by_itself() -> None:
    discovery = discover(listing("s1/bbaf2n.mpg", "s10/lrae3s.mpg", "alignments/s1/bbaf2n.align"))
    assert discovery.layout.name == "alignments"
    assert list(discovery.clips.keys) == ["s1/bbaf2n"]
    assert found(discovery) == [("s10/lrae3s.mpg", "MISSING_ALIGN")]


def test_another_layout_is_one_more_value() -> None:
    odd = Layout("odd", r"takes/(?P<speaker>[^/]+)", "labels", "takes/s1/ID.mpg with labels/ID.align")
    entries = listing("takes/s1/a.mpg", "takes/s2/b.mpg", "labels/a.align", "labels/b.align", "labels/c.align")
    discovery = discover(entries, layouts=(*LAYOUTS, odd))
    assert discovery.layout is odd
    assert list(discovery.clips.keys) == ["s1/a", "s2/b"]
    assert found(discovery) == [("labels/c.align", "MISSING_MEDIA")]


@pytest.mark.parametrize("below", ["", "GRID/", "data/GRID/", "training/unseen_speakers/datasets/"])
@pytest.mark.parametrize(
    ("media", "align", "layout"),
    [
        ("s1_processed", "s1_processed/align", "processed"),
        ("s1", "alignments/s1", "alignments"),
        ("s1", "align/s1", "align"),
        ("s1", "s1/align", "align-inside"),
        ("s1", "align", "align-flat"),
        ("s1", "alignments/s1/align", "alignments-align"),
        ("s1/s1", "s1/align", "doubled-align"),
        ("s1/s1", "alignments/s1", "doubled"),
        ("video/s1", "align/s1", "video"),
        ("video/s1", "alignments/s1", "video-alignments"),
        ("video/s1", "align", "lipnet"),
        ("train/s1", "align", "lipnet"),
        ("val/s1", "align", "lipnet"),
        ("s1/video", "s1/align", "video-inside"),
        ("s1/video/mpg_6000", "s1/align", "mpg-6000"),
        ("s1/video/mpg_vcd", "s1/align", "mpg-6000"),
        ("s1/video/mpg_6000", "alignments/s1", "mpg-6000-alignments"),
        ("s1/video/mpg_6000", "GRID_align_txt/s1/align", "vipl"),
    ],
)
def test_a_copy_of_the_corpus_is_found_by_itself(media: str, align: str, layout: str, below: str) -> None:
    stems = ("bbaf2n", "bbaf3s")
    entries = listing(*(f"{below}{media}/{s}.mpg" for s in stems), *(f"{below}{align}/{s}.align" for s in stems))
    discovery = discover([*entries, *listing("README.md")])
    assert (discovery.layout.name, discovery.layout.below) == (layout, below)
    assert [(clip.key, clip.media.path, clip.extra("align").path) for clip in discovery.clips] == [
        (f"s1/{s}", f"{below}{media}/{s}.mpg", f"{below}{align}/{s}.align") for s in stems
    ]
    assert discovery.problems == ()
    assert list(discover(entries, layout=layout).clips.keys) == ["s1/bbaf2n", "s1/bbaf3s"]


def test_a_copy_that_an_old_layout_reads_is_read_by_it() -> None:
    both = listing("s1/a.mpg", "alignments/s1/a.align", "align/s1/a.align", "align/a.align", "s1/align/a.align")
    assert discover(both).layout.name == "alignments"


def test_copies_in_two_folders_are_an_error_that_names_both() -> None:
    entries = [Entry(f"{below}/{e.name}", *e[1:]) for below in ("one", "two") for e in pair("s1", "a")]
    with pytest.raises(BadConfig, match=r"one/ \(1\), two/ \(1\)") as caught:
        discover(entries)
    assert caught.value.reason == "AMBIGUOUS_ROOT"


def test_an_align_of_several_speakers_has_their_words_only_if_the_name_spells_them() -> None:
    entries = listing("train/s1/bbaf2n.mpg", "val/s2/bbaf2n.mpg", "align/bbaf2n.align", "train/s1/x.mpg")
    discovery = discover([*entries, *listing("val/s2/x.mpg", "align/x.align", "val/s2/y.mpg", "align/y.align")])
    assert found(discovery) == [("align", "SHARED_TIMES"), ("align/x.align", "SHARED_ALIGN")]
    kept = [key for i, key in enumerate(discovery.clips.keys) if i not in discovery.unusable]
    assert kept == ["s1/bbaf2n", "s2/bbaf2n", "s2/y"]
    assert discovery.problems[1].clips == ("train/s1/x.mpg", "val/s2/x.mpg")


def test_a_speaker_one_folder_too_deep_is_left_out_clip_by_clip() -> None:
    entries = listing("s1/a.mpg", "alignments/s1/a.align", "s2/s2/b.mpg", "s2/s2/c.mpg", "alignments/s2/b.align")
    discovery = discover(entries)
    problem = next(problem for problem in discovery.problems if problem.reason == "UNREAD_FOLDER")
    assert (problem.path, problem.clips) == ("s2/s2", ("s2/s2/b.mpg", "s2/s2/c.mpg"))


SWAPPED = listing(
    *(f"s5/{s}.mpg" for s in ("bbaf2n", "bbaf3s", "bbal8p")),
    *(f"s6/{s}.mpg" for s in ("bgbozp", "bgau1a", "bbbs4n")),
    *(f"alignments/s6/{s}.align" for s in ("bbaf2n", "bbaf3s", "bbal8p")),
    *(f"alignments/s5/{s}.align" for s in ("bgbozp", "bgau1a", "bbbs4n", "bbaf2n")),
    "s7/bbaf2n.mpg",
    "alignments/s7/bbaf2n.align",
)


def test_aligns_under_another_speakers_name_are_named_so_and_a_pair_by_chance_is_none() -> None:
    discovery = discover(SWAPPED)
    five, six = (problem for problem in discovery.problems if problem.reason == "ALIGNS_ELSEWHERE")
    assert "3 of 3 clips of s5 have their aligns in alignments/s6, and 1 in alignments/s5" in five.message
    assert "3 of 3 clips of s6 have their aligns in alignments/s5" in six.message
    assert five.clips == ("s5/bbaf2n.mpg", "s5/bbaf3s.mpg", "s5/bbal8p.mpg")
    assert not any("delete" in problem.message for problem in discovery.problems)
    kept = [key for i, key in enumerate(discovery.clips.keys) if i not in discovery.unusable]
    assert kept == ["s7/bbaf2n"]


@pytest.mark.parametrize(
    ("aligns", "told"),
    [
        ({"s5": "def", "s6": "abc"}, ["3 of 3 clips of s5 have .* in .*alignments/s6", "3 of 3 clips of s6"]),
        ({"s6": "abc", "s7": "def"}, ["3 of 3 clips of s5 have .* in .*alignments/s6", "3 of 3 .* in .*alignments/s7"]),
        ({"s9": "abc"}, ["3 of 3 clips of s5 have their aligns in .*alignments/s9"]),
    ],
)
def test_aligns_that_are_all_under_other_names_are_named_so(aligns: dict[str, str], told: list[str]) -> None:
    media = listing(*(f"{speaker}/{stem}.mpg" for speaker, stems in (("s5", "abc"), ("s6", "def")) for stem in stems))
    entries = [*media, *listing(*(f"alignments/{s}/{stem}.align" for s, stems in aligns.items() for stem in stems))]
    for below in ("", "data/grid/"):
        with pytest.raises(BadConfig, match=".*".join(told)) as caught:
            discover([entry._replace(name=f"{below}{entry.name}") for entry in entries])
        assert caught.value.reason == "ALIGNS_ELSEWHERE"


def test_one_speakers_aligns_among_those_of_another_are_named_so() -> None:
    media = listing(*(f"s5/{s}.mpg" for s in "abc"), *(f"s6/{s}.mpg" for s in "def"))
    discovery = discover([*media, *listing(*(f"alignments/s6/{s}.align" for s in "abcdef"))])
    five = next(problem for problem in discovery.problems if problem.reason == "ALIGNS_ELSEWHERE")
    assert "3 of 3 clips of s5 have their aligns in alignments/s6" in five.message
    assert [problem.reason for problem in discovery.problems].count("MISSING_ALIGN") == 0
    assert list(discovery.clips.keys) == ["s6/d", "s6/e", "s6/f"]


def test_a_few_aligns_among_those_of_another_speaker_are_pointed_at() -> None:
    media = listing(*(f"s5/{s}.mpg" for s in "abc"), "s6/d.mpg", "alignments/s5/a.align", "alignments/s5/b.align")
    discovery = discover([*media, *listing("alignments/s6/c.align", "alignments/s6/d.align")])
    (missing,) = (problem for problem in discovery.problems if problem.reason == "MISSING_ALIGN")
    assert missing.path == "s5/c.mpg"
    assert "one of this name lies in alignments/s6, without a clip of its own" in missing.message


def pictures(folder: str, numbers: Iterable[int] = range(1, 76), name: str = "{}.jpg") -> list[Entry]:
    return listing(*(f"{folder}/{name.format(i)}" for i in numbers))


@pytest.mark.parametrize(
    ("media", "align", "layout", "speaker"),
    [
        ("s1/video/mpg_6000", "GRID_align_txt/s1/align", "vipl", "s1"),
        ("lip/s1/video/mpg_6000", "GRID_align_txt/s1/align", "vipl", "s1"),
        ("train/s1", "align", "lipnet", "s1"),
        ("val/s2", "align", "lipnet", "s2"),
        ("s1_processed", "s1_processed/align", "processed", "s1"),
        ("s1", "alignments/s1", "alignments", "s1"),
    ],
)
@pytest.mark.parametrize("below", ["", "datasets/", "copy/of/"])
@pytest.mark.parametrize("asked", [True, False])
def test_a_folder_of_pictures_is_a_clip_in_every_layout(
    media: str, align: str, layout: str, speaker: str, below: str, *, asked: bool
) -> None:
    entries = pictures(f"{below}{media}/bbaf2n", range(75), "mouth_{:03d}.png")
    discovery = discover([*entries, *listing(f"{below}{align}/bbaf2n.align")], layout if asked else "auto")
    (clip,) = discovery.clips
    assert (discovery.layout.name, discovery.problems) == (layout, ())
    assert (clip.key, clip.speaker_id, clip.utterance_id) == (f"{speaker}/bbaf2n", speaker, "bbaf2n")
    assert clip.media[:2] == (f"{below}{media}/bbaf2n/", 75 * 100)
    assert clip.extra("align").path == f"{below}{align}/bbaf2n.align"


def test_its_version_is_that_of_the_listing_whatever_its_order() -> None:
    align = listing("alignments/s1/a.align")
    entries = pictures("s1/a", range(12))

    def version(entries: list[Entry]) -> str:
        return discover([*entries, *align]).clips[0].media.version

    assert version(entries) == version(entries[::-1])
    changed = [*entries[:-1], entries[-1]._replace(version="another")]
    larger = [*entries[:-1], entries[-1]._replace(size_bytes=101)]
    assert len({version(entries), version(entries[:-1]), version(changed), version(larger)}) == 4


def test_videos_and_folders_of_pictures_may_be_mixed_and_no_clip_is_read_twice() -> None:
    names = ["s1/a.mpg", *(f"s1/{stem}.mpg" for stem in "cd"), *(f"alignments/s1/{stem}.align" for stem in "abcd")]
    entries = [*listing(*names), *pictures("s1/b"), *pictures("s1/c"), *pictures("s1/preview")]
    discovery = discover([*entries, *listing("s1/b/Thumbs.db", "s1/b/.hidden.jpg", "s1/b/notes.txt")])
    assert list(discovery.clips.media.paths) == ["s1/a.mpg", "s1/b/", "s1/c.mpg", "s1/d.mpg"]
    assert found(discovery) == [("s1", "PICTURES_ALONE"), ("s1", "PICTURES_BESIDE")]
    assert not any(problem.clips for problem in discovery.problems)
    assert "1 folders of pictures here, such as preview," in discovery.problems[0].message


def test_a_folder_of_pictures_without_an_align_is_left_out_by_name() -> None:
    entries = [*pictures("s1/bbaf2n"), *pictures("s1/lwiz1s"), *listing("alignments/s1/bbaf2n.align")]
    (problem,) = discover(entries).problems
    assert (problem.path, problem.reason) == ("s1/lwiz1s/", "MISSING_ALIGN")
    assert "add alignments/s1/lwiz1s.align" in problem.message


@pytest.mark.parametrize(
    ("entries", "reason", "told"),
    [
        (pictures("s1/a", [1, 2, 5, 6, 9]), "PICTURES_MISSING", "4 pictures are missing, of numbers 3 to 4, 7 to 8"),
        (pictures("s1/a", [5, 6, 7]), "PICTURES_MISSING", "of numbers 1 to 4, while 5 to 7 are there"),
        (listing("s1/a/1.jpg", "s1/a/2.png"), "PICTURES_MIXED", "2.png is a png among pictures of kind jpeg"),
        (listing("s1/a/1.jpg", "s1/a/cover.jpg"), "PICTURES_MIXED", "cover.jpg has no number"),
        (listing("s1/a/l1.jpg", "s1/a/r2.jpg"), "PICTURES_MIXED", "r2.jpg is named otherwise than lN"),
        (listing("s1/a/1.jpg", "s1/a/01.jpg"), "PICTURES_MIXED", "two pictures have the number 1"),
        (listing("s1/a/1.bmp", "s1/a/2.bmp"), "PICTURES_NOT_READ", r"1.bmp is a bmp, .*-start_number 1 -i"),
        ([Entry("s1/a/1.jpg", 0, "v")], "EMPTY_FILE", "the picture 1.jpg holds 0 bytes"),
        ([Entry("s1/a/1.jpg", 0, "", "outside")], "LEAVES_ROOT", "1.jpg is a link"),
        ([Entry("s1/a/1.jpg", 0, "", "other")], "NOT_A_FILE", "1.jpg is no file"),
        (
            [Entry("s1/a/1.jpg", 1 << 28, "v")],
            "TOO_MANY_PICTURES",
            r"1 pictures of 268435456 bytes.*with: for d in s1/",
        ),
    ],
)
def test_a_folder_of_pictures_that_is_no_clip_says_why(entries: list[Entry], reason: str, told: str) -> None:
    discovery = discover([*ONE, *listing("s1_processed/align/a.align"), *under_processed(entries)])
    (problem,) = discovery.problems
    assert (problem.path, problem.reason, problem.clips) == ("s1_processed/a/", reason, ("s1_processed/a/",))
    assert re.search(told.replace("in s1/", "in s1_processed/"), problem.message)
    assert [discovery.clips[i].key for i in discovery.unusable] == ["s1/a"]


def under_processed(entries: list[Entry]) -> list[Entry]:
    return [entry._replace(name=entry.name.replace("s1/", "s1_processed/")) for entry in entries]


def test_a_packed_speaker_whose_aligns_are_there_is_left_out() -> None:
    entries = listing("s1/a.mpg", "alignments/s1/a.align", "s2.tar.gz", "alignments/s2/b.align", "s3.7z", "notes.zip")
    packed = {p.path: (p.clips, p.message) for p in discover(entries).problems if p.reason == "PACKED"}
    assert {path: clips for path, (clips, _) in packed.items()} == {
        "s2.tar.gz": ("s2.tar.gz",),
        "s3.7z": (),
        "notes.zip": (),
    }
    assert packed["s2.tar.gz"][1].endswith("with: tar -xf s2.tar.gz")
    assert packed["s3.7z"][1].endswith("with: 7z x s3.7z")


def test_speakers_who_say_the_same_sentences_are_taken_for_no_others() -> None:
    """Of s1 most aligns are missing, and those of s2 would fit: they fit the clips of s2 as well."""
    entries = listing("s1/1.mpg", "s1/2.mpg", "s1/3.mpg", "s2/1.mpg", "s2/2.mpg", "s2/3.mpg", "alignments/s1/1.align")
    discovery = discover([*entries, *listing(*(f"alignments/s2/{i}.align" for i in (1, 2, 3)))])
    assert list(discovery.clips.keys) == ["s1/1", "s2/1", "s2/2", "s2/3"]
    assert discovery.unusable == frozenset()
    assert found(discovery) == [("s1/2.mpg", "MISSING_ALIGN"), ("s1/3.mpg", "MISSING_ALIGN")]


def test_archives_that_may_hold_a_speaker_and_links_to_nothing_are_named() -> None:
    entries = listing("s1/a.mpg", "alignments/s1/a.align", "s1.zip", "s2.zip", "alignments.zip", "audio_25k.tar")
    discovery = discover([*entries, Entry("s3", 0, "", "other")])
    assert found(discovery) == [("s2.zip", "PACKED"), ("s3", "NOT_A_FILE")]


def test_the_order_is_that_of_the_original_script_on_disk() -> None:
    """It sorts paths: `s10_processed` comes before `s1_processed`, as `0` does before `_`; `a b.mpg` before `a.mpg`."""
    entries = [*pair("s2", "a"), *pair("s1", "b"), *pair("s1", "a"), *pair("s1", "a b"), *pair("s10", "z")]
    assert list(discover(entries).clips.keys) == ["s10/z", "s1/a b", "s1/a", "s1/b", "s2/a"]


@given(
    st.permutations([*pair("s1", "a"), *pair("s2", "b"), *pair("s2", "ü 1"), *listing("s3_processed/x.mpg", "README")])
)
def test_the_order_of_the_listing_does_not_matter(entries: list[Entry]) -> None:
    discovery = discover(entries)
    assert list(discovery.clips.keys) == ["s1/a", "s2/b", "s2/ü 1"]
    assert discovery.clips[1].media.version == "v of s2_processed/b.mpg"
    assert found(discovery) == [("s3_processed/x.mpg", "MISSING_ALIGN")]


def test_orphans_are_named_one_by_one() -> None:
    entries = [*ONE, *listing("s1_processed/lbax4n.mpg", "s1_processed/align/prac8p.align")]
    discovery = discover(entries)
    assert found(discovery) == [
        ("s1_processed/align/prac8p.align", "MISSING_MEDIA"),
        ("s1_processed/lbax4n.mpg", "MISSING_ALIGN"),
    ]
    assert "s1_processed/align/lbax4n.align" in discovery.problems[1].message
    assert list(discovery.clips.keys) == ["s1/bbaf2n"]


def test_a_folder_of_orphans_is_one_problem_that_counts_them() -> None:
    entries = [*ONE, *listing(*(f"s21_processed/align/{i}.align" for i in range(1000)))]
    entries += listing(*(f"s3_processed/{i}.mpg" for i in range(7)))
    problems = discover(entries).problems
    assert [(p.path, p.reason, p.num_files) for p in problems] == [
        ("s21_processed/align", "MISSING_MEDIA", 1000),
        ("s3_processed", "MISSING_ALIGN", 7),
    ]
    assert problems[1].clips == tuple(f"s3_processed/{i}.mpg" for i in range(7))


@pytest.mark.parametrize("path", ["s1_processed/b.mpg", "s1_processed/align/b.align"])
@pytest.mark.parametrize(
    ("size_bytes", "kind", "reason"),
    [
        (0, "file", "EMPTY_FILE"),
        (0, "directory", "NOT_A_FILE"),
        (0, "other", "NOT_A_FILE"),
        (0, "outside", "LEAVES_ROOT"),
    ],
)
def test_a_pair_that_cannot_be_read_keeps_its_place(path: str, size_bytes: int, kind: str, reason: str) -> None:
    entries = {entry.name: entry for s in ("a", "b", "c") for entry in pair("s1", s)}
    entries[path] = Entry(path, size_bytes, "", kind)  # type: ignore[arg-type]
    discovery = discover(entries.values())
    assert list(discovery.clips.keys) == ["s1/a", "s1/b", "s1/c"]
    assert discovery.unusable == {1}
    assert found(discovery) == [(path, reason)]


def test_a_lone_directory_named_like_a_clip_is_no_clip_without_an_align() -> None:
    discovery = discover([*ONE, Entry("s1_processed/x.mpg", 0, "", "directory"), *listing("s1_processed/y.mpg")])
    assert found(discovery) == [("s1_processed/x.mpg", "NOT_A_FILE"), ("s1_processed/y.mpg", "MISSING_ALIGN")]


def test_a_speakers_folder_that_leaves_the_root_is_named() -> None:
    discovery = discover([*ONE, Entry("s2_processed", 0, "", "outside"), Entry("notes", 0, "", "outside")])
    assert found(discovery) == [("s2_processed", "LEAVES_ROOT")]


def test_names_with_blanks_and_umlauts_are_names() -> None:
    discovery = discover([*pair("s1", "Grüße aus Köln"), *pair("jörg", "a")])
    assert list(discovery.clips.keys) == ["jörg/a", "s1/Grüße aus Köln"]


def test_a_name_decomposed_by_a_mac_pairs_up_and_has_the_same_key() -> None:
    decomposed = unicodedata.normalize("NFD", "Grüße")
    entries = listing(f"s1_processed/{decomposed}.mpg", "s1_processed/align/Grüße.align")
    discovery = discover(entries)
    assert list(discovery.clips.keys) == ["s1/Grüße"]
    assert discovery.clips[0].media.path == f"s1_processed/{decomposed}.mpg"


@pytest.mark.parametrize(
    "entries",
    [
        [*pair("s1", "é"), *pair("s1", unicodedata.normalize("NFD", "é"))],
        [*pair("s1", "a"), *listing("s1_copy_processed/a.mpg", "s1_copy_processed/align/a.align")],
    ],
    ids=["two spellings of one name", "two folders of one speaker"],
)
def test_equal_keys_forbid_the_run(entries: list[Entry]) -> None:
    discovery = discover(entries)
    assert [problem.reason for problem in discovery.problems] == ["DUPLICATE_KEY"]
    with pytest.raises(BadConfig, match="keys must differ") as caught:
        raise_if_fatal(discovery.problems)
    assert caught.value.reason == "DUPLICATE_KEY"


def test_two_folders_of_one_speaker_without_equal_keys_are_fine() -> None:
    discovery = discover([*pair("s1", "a"), *listing("s1_b_processed/b.mpg", "s1_b_processed/align/b.align")])
    assert sorted(discovery.clips.keys) == ["s1/a", "s1/b"]
    raise_if_fatal(discovery.problems)


def test_problems_that_are_not_fatal_forbid_nothing() -> None:
    raise_if_fatal([Problem("s1_processed/a.mpg", "MISSING_ALIGN", "")])


@pytest.mark.parametrize("name", ["s1_processed/X.MPG", "s1_processed/x.mp4", "s1_processed/align/x.ALIGN"])
def test_an_extension_nearly_right_is_named(name: str) -> None:
    assert found(discover([*ONE, *listing(name)])) == [(name, "UNKNOWN_EXTENSION")]


def test_other_files_are_counted() -> None:
    strays = listing(
        "README.md", "s1_processed/notes.txt", "s2_processed/b.txt", "LICENCE", "s1_processed/._bbaf2n.mpg", ".DS_Store"
    )
    discovery = discover([*ONE, *strays, Entry("s1_processed", 0, "", "directory"), Entry("pipe", 0, "", "other")])
    assert discovery.ignored == {".md": 1, ".txt": 2, "no extension": 1, "hidden .mpg": 1, "hidden": 1, "not a file": 1}
    assert discovery.problems == ()


def test_media_and_aligns_in_folders_that_are_not_read_are_named() -> None:
    entries = [*ONE, *pair("s1", "a"), *listing("s7/x.mpg", "s7/y.mpg", "alignments/s7/x.align", "loose.mpg")]
    assert [(p.path, p.reason, p.num_files) for p in discover(entries).problems] == [
        (".", "UNREAD_FOLDER", 1),
        ("alignments/s7", "UNREAD_FOLDER", 1),
        ("s7", "UNREAD_FOLDER", 2),
    ]


def test_as_many_clips_in_two_layouts_is_an_error_that_a_name_settles() -> None:
    entries = [*ONE, *listing("s7/x.mpg", "alignments/s7/x.align")]
    with pytest.raises(BadConfig, match="--layout") as caught:
        discover(entries)
    assert caught.value.reason == "AMBIGUOUS_LAYOUT"
    assert list(discover(entries, layout="alignments").clips.keys) == ["s7/x"]


def test_an_unknown_layout_is_an_error_that_names_the_known() -> None:
    with pytest.raises(BadConfig, match="auto, processed, alignments"):
        discover(ONE, layout="sheffield")


def test_a_layout_that_finds_nothing_where_another_does_says_so() -> None:
    with pytest.raises(BadConfig, match="layout processed finds 1 clips: give --layout auto"):
        discover(ONE, layout="lipnet")


@pytest.mark.parametrize(
    ("entries", "reason", "remedy"),
    [
        ([], "NO_CLIPS", "it is empty"),
        (listing("a.txt", "s1_processed/a.mpg"), "NO_CLIPS", r"it holds 1 \.mpg, 1 \.txt"),
        (listing("a.mpg", "align/a.align"), "ROOT_IS_A_SPEAKER", "parent folder"),
        (
            listing("mpg/s1/a.mpg", "txt/s1/a.align"),
            "NO_CLIPS",
            r"the .mpg lie in mpg/s1 \(1\); the .align lie in txt/s1",
        ),
        (
            listing("mpg/s1/a.mpg", "txt/s1/a.align"),
            "NO_CLIPS",
            r"mkdir -p s1 alignments/s1 && mv mpg/s1/\*.mpg s1 && mv txt/s1/\*.align alignments/s1\.",
        ),
        (listing("s1/a.mpg", "alignments/s1/b.align"), "NO_CLIPS", r"no \.align has the name of a \.mpg"),
        (listing("s1/a.mpg"), "NO_CLIPS", r"no \.align was found"),
        (
            listing("s1.zip", "s2.zip", "alignments.zip"),
            "NO_CLIPS",
            "3 archives are still packed, the first alignments",
        ),
        (listing("s1/a.MPG", "alignments/s1/a.align"), "NO_CLIPS", r"1 names end in capitals, the first s1/a\.MPG"),
        (listing("s1/a.avi", "alignments/s1/a.align"), "NO_CLIPS", "1 files of another kind, the first s1/a.avi"),
        (
            [Entry("s1", 0, "", "outside"), *listing("alignments/s1/a.align")],
            "NO_CLIPS",
            "1 links lead out of the root",
        ),
        ([Entry("s1", 0, "", "other"), *listing("alignments/s1/a.align")], "NO_CLIPS", "1 links lead to nothing"),
        (
            [Entry("s1", 0, "", "outside")],
            "NO_CLIPS",
            "1 links lead out of the root, the first s1: give --follow-links",
        ),
        # A folder that is there would take the moved folder in; aligns of two speakers are needed twice.
        (
            listing("s1/video/hd/a.mpg", "s2/video/hd/b.mpg", "txt/a.align", "txt/b.align"),
            "NO_CLIPS",
            r"mkdir -p s1 alignments/s1 && mv s1/video/hd/\*.mpg s1 && cp txt/\*.align alignments/s1\.",
        ),
        (
            listing("s1/a.mpg", "txt.rar", "labels/b.txt"),
            "NO_CLIPS",
            r"1 archive is still packed, the first txt.rar: unpack them here, as with: unrar x txt.rar\.",
        ),
        (listing("s1/a.mpg", "alignments/s1/a.ALIGN"), "NO_CLIPS", r"with: find \. -iname '\*.align' [^&]*$"),
        (
            listing("s1/a/1.jpg", "s1/b/1.jpg", "alignments/s1/c.align"),
            "NO_CLIPS",
            "2 folders hold 2 pictures, the first s1/a, and none has the name of an align",
        ),
        (
            listing("s1/hd/mpg/a/1.jpg", "s1/hd/mpg/a/2.jpg", "txt/a.align"),
            "NO_CLIPS",
            r"the folders of pictures lie in s1/hd/mpg \(1\); .*mv s1/hd/mpg/\*/ s1 && mv txt/\*.align alignments/s1\.",
        ),
    ],
)
def test_nothing_found_says_what_was_seen_and_what_to_do(entries: list[Entry], reason: str, remedy: str) -> None:
    with pytest.raises(BadConfig, match=remedy) as caught:
        discover(entries)
    assert caught.value.reason == reason
    assert "s1_processed/ID.mpg" in caught.value.message
    assert "delete" not in caught.value.message


names = st.sampled_from(["a", "b", "ü", "x y", "A"])


@given(
    st.sets(st.tuples(st.sampled_from(["s1", "s2", "s10"]), names)),
    st.sets(st.tuples(st.sampled_from(["s1", "s2"]), names)),
)
def test_every_file_is_in_a_pair_or_in_a_problem(media: set[tuple[str, str]], aligns: set[tuple[str, str]]) -> None:
    entries = [*ONE, *listing(*(f"{s}_processed/{n}.mpg" for s, n in media))]
    entries += listing(*(f"{s}_processed/align/{n}.align" for s, n in aligns))
    random.Random(len(entries)).shuffle(entries)
    discovery = discover(entries)
    num_told = sum(problem.num_files for problem in discovery.problems)
    assert 2 * len(discovery.clips) + num_told == len(entries)
    assert set(discovery.clips.keys) == {"s1/bbaf2n", *(f"{s}/{n}" for s, n in media & aligns)}
