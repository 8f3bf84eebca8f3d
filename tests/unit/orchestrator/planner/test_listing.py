"""Several roots are listed as one: nothing twice, files outside the first named absolutely, doubles told."""

import heapq

from orchestrator.pipelines.base import DataSet
from orchestrator.planner.listing import JoinedListing
from services.base.run.manifest import ClipRow, ClipTable, Extra
from services.base.run.spec import QuarantineEntry
from services.base.store.interface import Entry


def entries(*names: str) -> list[Entry]:
    found = [Entry(name.rstrip("/"), 0, "", "directory") if name[-1] == "/" else Entry(name, 5, "v") for name in names]
    return sorted(
        found, key=lambda entry: f"{entry.name}/".encode() if entry.kind == "directory" else entry.name.encode()
    )


def row(media: str, position: int, extras: tuple[Extra, ...] = ()) -> ClipRow:
    return ClipRow(media, media, "", media, "train", 0, position, position, 5, "v", extras)


A = ["s1/", "s1/a.mpg", "s1/both.mpg", "s1/notes.txt", "z.mpg"]
B = ["s1/", "s1/b.mpg", "s1/both.mpg", "s1/notes.txt", "s2/", "s2/c.mpg", "é.mpg"]


def test_a_single_root_is_listed_as_it_is() -> None:
    listed = entries(*A)
    listing = JoinedListing(["/a"], [iter(listed)])
    assert list(listing) == listed
    found = DataSet(ClipTable.of_rows([row("s1/a.mpg", 0)]))
    assert listing.located(found) is found


def test_several_roots_are_one_listing_in_its_order() -> None:
    listing = JoinedListing(["/a", "/b"], [entries(*A), entries(*B)])
    found = list(listing)
    assert found == entries(*sorted({*A, *B}))
    assert found == list(heapq.merge(found, key=lambda e: f"{e.name}/" if e.kind == "directory" else e.name))


def test_clips_are_named_by_where_they_lie_and_those_not_read_are_told() -> None:
    roots = ["/a", "s3://b/data", "/c"]
    listing = JoinedListing(roots, [entries(*A), entries(*B), entries("s1/both.mpg", "x/p/001.png")])
    assert len(list(listing)) == 10
    extra = Extra("align", "s2/c.mpg", 1, "v")
    rows = [
        row(name, i, (extra,) if i else ()) for i, name in enumerate(["s1/a.mpg", "s1/b.mpg", "s1/both.mpg", "x/p/"])
    ]
    problem = QuarantineEntry("s2/c.mpg", "s2/c.mpg", "none", "BAD_INPUT", "EMPTY_FILE", "it is empty")
    found = listing.located(DataSet(ClipTable.of_rows(rows), (problem,)))
    paths = ["s1/a.mpg", "s3://b/data/s1/b.mpg", "s1/both.mpg", "/c/x/p/"]
    assert [found_row.media for found_row in found.rows] == paths
    assert [found_row.key for found_row in found.rows] == [one.key for one in rows]
    assert [[one.path for one in found_row.extras] for found_row in found.rows] == [[], *[["s3://b/data/s2/c.mpg"]] * 3]
    assert [(p.key, p.media, p.reason) for p in found.problems] == [
        ("s2/c.mpg", "s3://b/data/s2/c.mpg", "EMPTY_FILE"),
        ("s3://b/data/s1/both.mpg", "s3://b/data/s1/both.mpg", "DUPLICATE_PATH"),
        ("/c/s1/both.mpg", "/c/s1/both.mpg", "DUPLICATE_PATH"),
    ]
    (note,) = found.notes
    assert "1 files" in note and "s1/notes.txt" in note
