"""A manifest as a data set: every line is a clip or has a reason, whatever its ids, paths and bytes are."""

import json
from pathlib import Path

import pytest

from orchestrator.pipelines.base import DataSet, Inputs
from orchestrator.pipelines.files import Files
from orchestrator.pipelines.tts.options import TtsOptions
from orchestrator.pipelines.tts.reading import count, read, search_order
from services.base.errors import BadConfig


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest's folder below the corpus', audio in several places, and the working directory elsewhere."""
    for name in ("set/beside.wav", "above.wav", "cwd/here.wav", "audio/rooted.wav", "cwd/both.wav", "audio/both.wav"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    monkeypatch.chdir(tmp_path / "cwd")
    return tmp_path


def line(key: object, audio: str = "beside.wav", text: str = "said", **more: object) -> dict[str, object]:
    return {"id": key, "audio": audio, "text": text, **more}


def reading(folder: Path, *lines: object, roots: tuple[str, ...] = (), **options: object) -> DataSet:
    manifest = folder / "set" / "m.jsonl"
    texts = (one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in lines)
    manifest.write_text("".join(f"{text}\n" for text in texts))
    first, *further = roots or (str(manifest.parent),)
    inputs = Inputs((), first, further_roots=tuple(further), files=Files())
    return read(inputs, TtsOptions(manifest=str(manifest), **options))


def test_audio_is_looked_for_as_it_is_given_then_below_the_roots_then_beside_and_above(folder: Path) -> None:
    inputs = Inputs((), str(folder / "audio"))
    manifest = str(folder / "set" / "m.jsonl")
    assert search_order(inputs, manifest) == (
        *(str(folder / name) for name in ("cwd", "audio", "set")), str(folder)
    )  # fmt: skip
    names = ["beside.wav", "above.wav", "here.wav", "rooted.wav", "both.wav", "../above.wav", f"{folder}/above.wav"]
    lines = [line(f"k{i}", name) for i, name in enumerate(names)]
    found = reading(folder, *lines, roots=(str(folder / "audio"),))
    assert not found.problems
    assert [row.media for row in sorted(found.rows, key=lambda row: row.idx)] == [
        *(str(folder / name) for name in ("set/beside.wav", "above.wav", "cwd/here.wav")),
        *("rooted.wav", str(folder / "cwd/both.wav"), str(folder / "above.wav"), str(folder / "above.wav")),
    ]


@pytest.mark.parametrize(
    ("manifest", "places"),
    [
        ("s3://b/set/m.jsonl", ["s3://b/set", "s3://b"]),
        ("s3://b/m.jsonl", ["s3://b"]),
        ("/m.jsonl", ["/"]),
        ("/set/m.jsonl", ["/set", "/"]),
    ],
)
def test_above_a_bucket_and_above_the_disk_there_is_nothing(manifest: str, places: list[str]) -> None:
    assert list(search_order(Inputs(()), manifest)[1:]) == places


def test_a_path_stays_as_the_manifest_has_it(folder: Path) -> None:
    """The original made `abs/a.wav` of `/abs/a.wav`, and `a.wav` of `../a.wav`."""
    names = ["./beside.wav", "../set/beside.wav", f"{folder}/above.wav", ".//beside.wav"]
    found = reading(folder, *(line(f"k{i}", name) for i, name in enumerate(names)))
    assert [row.attributes.media_named for row in found.rows] == [
        "beside.wav", "../set/beside.wav", f"{folder}/above.wav", "beside.wav"
    ]  # fmt: skip


def test_every_line_that_is_no_clip_has_a_reason_and_its_number(folder: Path) -> None:
    lines = [
        line("good"),
        "{",
        {"text": "no id", "audio": "beside.wav"},
        line("../x"),
        line("empty", text=" \u3000"),
        {"id": "none", "audio": "beside.wav"},
        line("gone", "gone.wav", duration=3.0),
        line("good", "above.wav"),
        line(12),
        json.dumps(line("long", text="x" * (1 << 20))),
    ]
    found = reading(folder, *lines)
    assert [row.key for row in found.rows] == ["good", "12"]
    assert [(p.line, p.key, p.reason) for p in found.problems] == [
        *((2, f"{folder}/set/m.jsonl", "BAD_JSON"), (3, f"{folder}/set/m.jsonl", "NO_ID"), (4, "../x", "BAD_ID")),
        *((5, "empty", "NO_TEXT"), (6, "none", "NO_TEXT"), (7, "gone", "AUDIO_MISSING"), (8, "good", "DUPLICATE_ID")),
        (10, f"{folder}/set/m.jsonl", "BAD_JSON"),
    ]
    assert "line 8" in found.problems[6].message and "line 1 has the id" in found.problems[6].message


def test_audio_outside_of_what_may_be_read_says_so(folder: Path) -> None:
    manifest = folder / "set" / "m.jsonl"
    manifest.write_text(f"{json.dumps(line('a', '/etc/hostname'))}\n{json.dumps(line('b'))}\n")
    root = str(folder / "set")
    allowed = Files(lambda path: root if path.startswith(f"{root}/") else "")
    found = read(Inputs((), root, files=allowed), TtsOptions(manifest=str(manifest)))
    assert [(p.key, p.reason) for p in found.problems] == [("a", "AUDIO_OUTSIDE")]
    assert [row.key for row in found.rows] == ["b"]


def test_manifests_break_on_non_ascii_text(folder: Path) -> None:
    """They do elsewhere; here text comes through as it is, in UTF-16 and with CRLF too."""
    text = "ሰላም ለዓለም ። 你好 \U0001f600 e\u0301"
    manifest = folder / "set" / "m.jsonl"
    raw = json.dumps(line("ሰላም/1", text=text, language="am", speaker="ተናጋሪ"), ensure_ascii=False)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be"):
        manifest.write_bytes(f"{raw}\r\n".encode(encoding))
        inputs = Inputs((), str(manifest.parent))
        (row,) = read(inputs, TtsOptions(manifest=str(manifest))).rows
        assert (row.key, row.utterance_id, row.speaker_id) == ("ሰላም/1", "ሰላም/1", "ተናጋሪ")
        assert (row.attributes.text, row.attributes.language) == (text, "am")


def test_rows_are_split_by_id_and_numbered_by_the_manifest(folder: Path) -> None:
    lines = [line(f"utt_{n:04d}", duration=1.0) for n in range(30)]
    found = reading(folder, *lines, val_count=4, num_shards=3)
    assert found.num_shards == 3 and {row.shard for row in found.rows} == {0, 1, 2}
    assert sorted(row.idx for row in found.rows) == list(range(30))
    assert sum(row.split == "val" for row in found.rows) == 4
    assert {row.split for row in reading(folder, *lines, val_ratio=1.0).rows} == {"val"}
    # Half a minute is one shard where nobody says how many.
    assert reading(folder, *lines).num_shards == 1


def test_a_line_that_is_mended_moves_no_other_clip(folder: Path) -> None:
    lines = [line(f"k{n}", duration=1.0 + n % 7) for n in range(40)]
    lines[11]["audio"], lines[23]["text"] = "late.wav", ""
    before = {row.key: row for row in reading(folder, *lines, num_shards=5).rows}
    (folder / "set" / "late.wav").write_bytes(b"late")
    lines[23]["text"] = "said"
    after = {row.key: row for row in reading(folder, *lines, num_shards=5).rows}
    assert len(before) == 38 and len(after) == 40
    assert {key: row.shard for key, row in before.items()} == {key: after[key].shard for key in before}


def test_only_the_first_samples_are_processed(folder: Path) -> None:
    lines = [line("a"), "{", line("b"), line("c"), "{"]
    found = reading(folder, *lines, max_samples=2)
    assert [row.key for row in found.rows] == ["a", "b"] and [p.line for p in found.problems] == [2]
    inputs = Inputs((), str(folder / "set"))
    assert count(inputs, TtsOptions(manifest=str(folder / "set" / "m.jsonl"), max_samples=1)) == 1


def test_what_has_no_effect_is_said(folder: Path) -> None:
    notes = reading(folder, line("a"), seed=3, audio_sr=22_050).notes
    assert any("--seed 3" in note for note in notes) and any("--audio-sr 22050" in note for note in notes)
    with pytest.raises(BadConfig, match="--manifest is needed"):
        count(Inputs(()), TtsOptions())
