"""Media are found where the first folder of the search has them, and named as a worker opens them."""

from pathlib import Path

import pytest

from orchestrator.pipelines.base import Inputs
from orchestrator.pipelines.files import Files
from orchestrator.pipelines.media_lookup import Found, MediaLookup, NotFound, is_plain
from services.base.store.interface import Entry


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("set/a.wav", "set/sub/b.wav", "set/twice.wav", "roots/twice.wav", "roots/in/c.wav", "d.wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "set" / "out.wav").symlink_to("/etc/hostname")
    (tmp_path / "set" / "away").symlink_to(tmp_path / "roots")
    return tmp_path


@pytest.mark.parametrize("named", ["a.wav", "x/y.wav", ".hidden", "a b/ሰላም.wav", "..a", "a..", "..a/.b"])
def test_a_plain_path_is_one_below_any_folder(named: str) -> None:
    assert is_plain(named)


@pytest.mark.parametrize(
    "named",
    ["", "/a", "a/", "a//b", "./a", "a/./b", "../a", "a/../b", "a/..", "a/.", ".", "..", "~/a", "s3://b/a", "a\0"],
)  # fmt: skip
def test_any_other_path_is_not(named: str) -> None:
    assert not is_plain(named)


def test_the_first_folder_that_has_a_file_counts_and_it_is_named_below_the_first_root(folder: Path) -> None:
    inputs = Inputs((), f"{folder}/set", further_roots=(f"{folder}/roots/in",))
    lookup = MediaLookup(inputs, (f"{folder}/roots", f"{folder}/set", str(folder)))
    found = {name: lookup.find(name) for name in ("twice.wav", "a.wav", "sub/b.wav", "d.wav", "in/c.wav")}
    assert all(isinstance(media, Found) for media in found.values())
    assert {name: (media.name, media.root) for name, media in found.items() if isinstance(media, Found)} == {
        "twice.wav": (f"{folder}/roots/twice.wav", f"{folder}/roots"),
        "a.wav": ("a.wav", ""),
        "sub/b.wav": ("sub/b.wav", ""),
        "d.wav": (f"{folder}/d.wav", str(folder)),
        # A folder of the search holds an input root: what lies there needs no root of its own.
        "in/c.wav": (f"{folder}/roots/in/c.wav", ""),
    }
    # However it is written.
    for name, media in found.items():
        assert lookup.find(f"./{name}") == media and lookup.find(f"x/../{name}") == media


def test_what_is_not_there_or_leads_outside_says_where(folder: Path) -> None:
    lookup = MediaLookup(Inputs((), f"{folder}/set"), (f"{folder}/set",))
    gone, outside, through = lookup.find("gone.wav"), lookup.find("out.wav"), lookup.find("away/twice.wav")
    assert isinstance(gone, NotFound) and not gone.is_outside and gone.place == "gone.wav"
    assert isinstance(outside, NotFound) and outside.is_outside
    assert isinstance(through, NotFound) and through.is_outside


def test_where_only_some_roots_may_be_read_only_these_are(folder: Path) -> None:
    allowed = f"{folder}/roots"
    files = Files(lambda path: allowed if path.startswith(f"{allowed}/") else "")
    lookup = MediaLookup(Inputs((), f"{folder}/set", files=files), (str(folder), f"{folder}/set"))
    # Above them nothing may be read, but for what lies in one that may.
    assert lookup.find("roots/twice.wav") == lookup.find(f"{folder}/roots/twice.wav")
    assert isinstance(lookup.find("a.wav"), Found)
    refused = lookup.find("d.wav")
    assert isinstance(refused, NotFound) and not refused.is_outside


class Bucket(Files):
    """One object, and no folders, as a bucket has none."""

    def stat(self, root: str, name: str) -> Entry | None:
        return Entry(name, 7, "etag") if (root, name) == ("s3://b/set", "wavs/a.wav") else None


def test_an_object_below_a_prefix_is_found_though_no_folder_is_there() -> None:
    lookup = MediaLookup(Inputs((), "s3://b/set", files=Bucket()), ("s3://b/other", "s3://b/set"))
    assert lookup.find("wavs/a.wav") == Found("wavs/a.wav", "", Entry("wavs/a.wav", 7, "etag"))


def test_batches_hold_every_item_in_order(folder: Path) -> None:
    lookup = MediaLookup(Inputs((), f"{folder}/set"), (f"{folder}/set", str(folder)))
    names = ["a.wav", "gone.wav", "d.wav"] * 1000
    found = [pair for batch in lookup.batches(iter(names), str) for pair in batch]
    assert [name for name, _ in found] == names
    assert [isinstance(media, Found) for _, media in found[:3]] == [True, False, True]
    assert lookup.roots() == (str(folder),)
