"""Manifests that name clips: where their media are looked for, and a reason for each line that is none."""

import json
from pathlib import Path

import pytest

from orchestrator.pipelines.base import Inputs
from orchestrator.pipelines.files import Files, any_bucket
from orchestrator.pipelines.media_manifest import Columns, ManifestClips, read_clips, search_order
from services.base.media.clip import ClipAttributes

COLUMNS = Columns()


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("a/both.wav", "a/x/one.wav", "b/both.wav", "b/two.wav", "m/beside.wav", "m/both.wav", "else/far.wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "a", tmp_path / "b"


def read(
    tmp_path: Path, roots: tuple[Path, Path], *lines: object, files: Files | None = None, roots_first: bool = False
) -> ManifestClips:
    manifest = tmp_path / "m" / "clips.jsonl"
    manifest.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    a, b = map(str, roots)
    inputs = Inputs((), a, further_roots=(b,), files=files or Files())
    search = search_order(inputs, str(manifest), roots_first=roots_first)
    return read_clips(inputs, "--manifest", str(manifest), COLUMNS, search)


def row(key: object, audio: object, **more: object) -> dict[str, object]:
    return {"id": key, "audio": audio, **more}


def test_media_are_found_beside_the_manifest_then_below_each_root(tmp_path: Path, roots: tuple[Path, Path]) -> None:
    named = ["both.wav", "x/one.wav", "./two.wav", f"{tmp_path}/b/two.wav", "../else/far.wav"]
    named.append(f"file://{roots[0]}/both.wav")
    lines = [row(f"k{i}", name) for i, name in enumerate(named)]
    found = read(tmp_path, roots, *lines)
    m, b = tmp_path / "m", roots[1]
    assert found.problems == []
    assert list(found.clips.media.paths) == [
        *(f"{m}/both.wav", "x/one.wav", f"{b}/two.wav", f"{b}/two.wav", f"{tmp_path}/else/far.wav", "both.wav")
    ]
    # Nothing but what is beside the manifest and what it names elsewhere has a root of its own.
    assert found.roots == (str(m), "/")
    assert read(tmp_path, roots, row("k", "both.wav"), roots_first=True).clips.media[0].path == "both.wav"


def test_a_clip_has_what_its_line_says(tmp_path: Path, roots: tuple[Path, Path]) -> None:
    said = {"text": "ሰላም\nልጅ", "language": "am", "speaker": "s1", "duration": 2}
    odd = {"text": None, "language": 7, "duration": "n/a", "other": [1]}
    found = read(tmp_path, roots, row("a/1", "both.wav", **said), "", row(12, "both.wav", **odd))
    assert list(found.clips.keys) == ["a/1", "12"] and list(found.lines) == [1, 3]
    assert list(found.clips.speakers) == ["s1", ""]
    rows = {one.key: one for one in found.frozen(2, lambda key: "val" if key == "12" else "train")}
    assert rows["a/1"].attributes == ClipAttributes("ሰላም\nልጅ", "am", 2.0, media_named="both.wav")
    assert rows["12"].attributes == ClipAttributes("", "7", media_named="both.wav")
    assert (rows["12"].split, rows["12"].utterance_id, rows["12"].size_bytes) == ("val", "12", len("m/both.wav"))


def test_every_line_that_is_no_clip_has_a_reason_its_number_and_its_id(
    tmp_path: Path, roots: tuple[Path, Path]
) -> None:
    (roots[0] / "link.wav").symlink_to(tmp_path / "else" / "far.wav")
    (roots[0] / "folder.wav").mkdir()
    bad_ids = ["a//b", "../x", ".", "/x", "x/", "nul\0", "two\nlines", "\ud800", True, 1.5, ["x"]]
    lines = [
        row("good", "both.wav"),
        "{",
        row(None, "both.wav"),
        {"audio": "both.wav"},
        row("", "both.wav"),
        *(row(key, "both.wav") for key in bad_ids),
        row("gone", "gone.wav"),
        row("good", "two.wav"),
        row("gone", "two.wav"),
        row("link", "link.wav"),
        row("folder", "folder.wav"),
        row("none", None),
        row("http", "http://x/y.wav"),
        row("half", "both.wav", text="\ud800"),
        row("last", "two.wav"),
    ]
    found = read(tmp_path, roots, *lines)
    assert list(found.clips.keys) == ["good", "last"]
    assert [(one.line, one.reason) for one in found.problems] == [
        (2, "BAD_JSON"),
        *((line, "NO_ID") for line in (3, 4, 5)),
        *((line, "BAD_ID") for line in range(6, 6 + len(bad_ids))),
        (17, "MEDIA_MISSING"),
        (18, "DUPLICATE_ID"),
        (19, "DUPLICATE_ID"),
        (20, "MEDIA_OUTSIDE"),
        (21, "MEDIA_MISSING"),
        (22, "MEDIA_MISSING"),
        (23, "MEDIA_OUTSIDE"),
        (24, "BAD_JSON"),
    ]
    by_line = {one.line: one for one in found.problems}
    assert "line 1 " in by_line[18].message and "line 17 " in by_line[19].message and by_line[18].id == "good"
    assert str(roots[1] / "gone.wav") in by_line[17].message
    entry = by_line[17].entry("clips.jsonl")
    assert (entry.key, entry.line, entry.media) == ("gone", 17, f"{tmp_path}/m/gone.wav")
    assert "line 17 of clips.jsonl" in entry.message and json.loads(entry.to_json())["line"] == 17


def test_what_may_not_be_read_is_outside_for_each_row(tmp_path: Path, roots: tuple[Path, Path]) -> None:
    """On a server the allowed roots, on a cluster buckets: a row that leads elsewhere costs itself alone."""
    lines = [row("in", "x/one.wav"), row("far", "../else/far.wav"), row("beside", f"{tmp_path}/m/beside.wav")]
    for files in (Files(any_bucket), Files(lambda path: str(tmp_path) + "/m" if "/m/" in path else "")):
        found = read(tmp_path, roots, *lines, files=files)
        assert "far" in [one.id for one in found.problems if one.reason == "MEDIA_OUTSIDE"]
        assert "in" in list(found.clips.keys)
        assert "/" not in found.roots
    assert list(found.clips.keys) == ["in", "beside"]


def test_a_csv_is_read_by_its_ending(tmp_path: Path, roots: tuple[Path, Path]) -> None:
    (tmp_path / "m" / "c.csv").write_text("clip;wav;words\n1;both.wav;eins, zwei\n;both.wav;x\n")
    inputs = Inputs((), str(roots[0]))
    manifest = str(tmp_path / "m" / "c.csv")
    columns = Columns("clip", "wav", text="words", speaker="", language="", duration_s="")
    found = read_clips(inputs, "--manifest", manifest, columns, [str(roots[0])])
    assert list(found.clips.keys) == ["1"] and list(found.clips.attributes.texts) == ["eins, zwei"]
    assert [(one.line, one.reason) for one in found.problems] == [(3, "NO_ID")]


def test_a_line_with_anothers_id_is_that_first_whatever_is_wrong_with_its_media(
    tmp_path: Path, roots: tuple[Path, Path]
) -> None:
    lines = [row("a", "both.wav"), row("a", "gone.wav"), row("b", "gone.wav"), row("b", "gone.wav")]
    found = read(tmp_path, roots, *lines, row("c", "two.wav"), row("a", "two.wav"))
    told = [(one.line, one.reason) for one in found.problems]
    assert told == [(2, "DUPLICATE_ID"), (3, "MEDIA_MISSING"), (4, "DUPLICATE_ID"), (6, "DUPLICATE_ID")]
    messages = [one.message for one in found.problems if one.reason == "DUPLICATE_ID"]
    assert [message.split(" has ")[0] for message in messages] == ["line 1", "line 3", "line 1"]
    assert list(found.clips.keys) == ["a", "c"] and list(found.lines) == [1, 5]
