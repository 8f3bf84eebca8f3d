"""A manifest by another tokenizer: order, fields and records that were not touched stay; files are whole or none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.text.retokenize.encoding import EncodingConfig
from services.text.retokenize.rewriting import Counts, Retokenizing, retokenize
from services.text.tokenizer import Tokenizer

_OLD = np.arange(3, dtype=np.int32)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """As a run leaves it: two features of three clips beside a manifest."""
    folder = tmp_path / "out"
    for name in ("text_ids", "codes", "wavs"):
        (folder / name).mkdir(parents=True)
    lines = []
    for stem, text in (("s/a", "hello world"), ("b", "ten"), ("c", "你好")):
        for feature in ("text_ids", "codes"):
            (folder / feature / f"{stem}.npy").parent.mkdir(exist_ok=True)
            np.save(folder / feature / f"{stem}.npy", _OLD)
        (folder / "wavs" / f"{stem.replace('/', '_')}.wav").write_text("sound")
        values = {
            "id": stem,
            "audio_path": f"wavs/{stem.replace('/', '_')}.wav",
            "text": f"Speaker 1: {text}",
            "mine": {"kept": [1, 2.50, None]},
            "text_ids_path": f"text_ids/{stem}.npy",
            "text_len": 3,
            "codes_path": f"codes/{stem}.npy",
        }
        lines.append(json.dumps(values, ensure_ascii=False))
    (folder / "train_manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _run(model: Path, manifest: Path, to: Path, **settings: Any) -> tuple[Counts, list[dict[str, Any]]]:
    encoding = EncodingConfig(str(model), str(to), skip_existing=settings.pop("skip_existing", False))
    new = settings.pop("output_manifest", to / manifest.name)
    counts = retokenize(Retokenizing(str(manifest), str(new), encoding, **settings), lambda *_: None)
    return counts, _records(new)


def _records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _checked(records: list[dict[str, Any]], folder: Path) -> None:
    for values in records:
        for name, path in values.items():
            if name.endswith("_path"):
                assert (folder / path).is_file(), path
        ids_N = np.load(folder / values["text_ids_path"])
        assert (ids_N.dtype, len(ids_N)) == (np.int32, values["text_len"])


@pytest.mark.parametrize("to", ["out", "new", "out/below", "other/new"])
def test_every_path_resolves_from_the_new_manifests_own_folder(
    small_model: Path, output: Path, tmp_path: Path, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    counts, records = _run(small_model, output / "train_manifest.jsonl", tmp_path / to)
    assert (counts.num_records, counts.num_encoded, counts.num_not_touched) == (3, 3, 0)
    assert [values["id"] for values in records] == ["s/a", "b", "c"]
    _checked(records, tmp_path / to)
    tokenizer = Tokenizer(small_model)
    assert [values["text_len"] for values in records] == [
        len(tokenizer.encode(text).ids_N) for text in ("hello world", "ten", "你好")
    ]
    assert records[0]["mine"] == {"kept": [1, 2.5, None]}
    assert records[0]["text"] == "Speaker 1: hello world"
    if to != "out":
        assert np.load(output / "text_ids" / "b.npy").tolist() == _OLD.tolist()


def test_a_manifest_beside_another_folder_of_ids_and_relative_names(
    small_model: Path, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()
    _, records = _run(
        small_model, Path("out/train_manifest.jsonl"), Path("new"), output_manifest=Path("lists/train.jsonl")
    )
    _checked(records, tmp_path / "lists")
    assert records[1]["text_ids_path"] == "../new/text_ids/b.npy"


def test_paths_of_the_working_directory_are_named_from_the_manifest(
    small_model: Path, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the original wrote them."""
    monkeypatch.chdir(tmp_path)
    manifest = output / "train_manifest.jsonl"
    manifest.write_text(manifest.read_text().replace('"codes/', '"out/codes/'))
    _, records = _run(small_model, manifest, output)
    assert records[1]["codes_path"] == "codes/b.npy"


def test_existing_ids_are_kept_where_they_are_those_of_the_text(small_model: Path, output: Path) -> None:
    manifest = output / "train_manifest.jsonl"
    _run(small_model, manifest, output)
    np.save(output / "text_ids" / "b.npy", _OLD)
    counts, records = _run(small_model, manifest, output, skip_existing=True)
    assert (counts.num_records, counts.num_kept, counts.num_encoded, counts.num_changed) == (3, 2, 1, 1)
    assert len(records) == 3
    _checked(records, output)


def test_records_that_were_not_touched_stay(small_model: Path, output: Path, tmp_path: Path) -> None:
    manifest = output / "train_manifest.jsonl"
    more = [{"id": "d"}, {"id": "e", "text": "  ", "x": 1}, {"text": "ten"}, {"id": "../f", "text": "ten"}]
    with manifest.open("a") as file:
        file.write("".join(json.dumps(values) + "\n" for values in more))
    counts, records = _run(small_model, manifest, tmp_path / "new")
    assert records[3:] == more
    assert (counts.num_records, counts.num_not_touched) == (7, 4)
    assert len(counts.notes) == 3
    counts, records = _run(small_model, manifest, tmp_path / "some", max_samples=1)
    assert (len(records), counts.num_encoded, counts.num_not_touched) == (7, 1, 6)
    assert records[1]["text_len"] == 3
    assert "keep the ids that they had: --max-samples 1" in counts.notes[-1]
    _checked(records[:3], tmp_path / "some")


def test_lines_that_are_no_record_and_second_records_of_an_id_are_told(
    small_model: Path, output: Path, tmp_path: Path
) -> None:
    manifest = output / "train_manifest.jsonl"
    with manifest.open("ab") as file:
        file.write(b'no json\n{"id": "b", "text": "another", "text_ids_path": "text_ids/b.npy"}\n')
    counts, records = _run(small_model, manifest, tmp_path / "new")
    assert (len(records), counts.num_left_out) == (3, 2)
    assert "line 4 is left out: BAD_JSON" in counts.notes[0]
    assert "line 5 is left out: DUPLICATE_ID: line 2" in counts.notes[1]


def test_languages_of_records_and_updated_texts(small_model: Path, output: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    manifest.write_text('{"id": "a", "text": " ten 10 ", "lang": "en"}\n{"id": "b", "text": "ten 10"}\n')
    to = tmp_path / "new"
    encoding = EncodingConfig(str(small_model), str(to), language="am")
    retokenize(
        Retokenizing(str(manifest), str(to / "m.jsonl"), encoding, language_field="lang", update_text=True),
        lambda *_: None,
    )
    records = _records(to / "m.jsonl")
    tokenizer = Tokenizer(small_model)
    assert [values["text_len"] for values in records] == [
        len(tokenizer.encode("ten 10", language).ids_N) for language in ("en", "am")
    ]
    assert records[0]["text"] == "ten 10"


def test_manifests_break_on_non_ascii_text(small_model: Path, tmp_path: Path) -> None:
    text = "ሰላም \u2028 \U0001f600 é ñ \ud800"
    manifest = tmp_path / "m.jsonl"
    manifest.write_text(json.dumps({"id": "ሀ", "text": text}) + "\n")
    _, records = _run(small_model, manifest, tmp_path / "new")
    # Lines for whoever splits at any line end that Unicode knows, too.
    (line,) = (tmp_path / "new" / "m.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == records[0]
    assert (records[0]["id"], records[0]["text"], records[0]["text_ids_path"]) == ("ሀ", text, "text_ids/ሀ.npy")
    assert "ሰላም" in line


def test_a_failure_leaves_the_old_manifest_and_the_old_ids(small_model: Path, output: Path, tmp_path: Path) -> None:
    manifest = output / "train_manifest.jsonl"
    before = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    broken = tmp_path / "broken.model"
    broken.write_bytes(small_model.read_bytes()[:100])
    with pytest.raises(BadConfig):
        _run(broken, manifest, output)
    assert {path: path.read_bytes() for path in output.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "settings",
    [{"max_samples": -1}, {"num_workers": -1}, {"manifest": "m.csv"}],
    ids=lambda settings: next(iter(settings)),
)
def test_what_cannot_be_asked_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(BadConfig):
        Retokenizing(
            **{"manifest": "m.jsonl", "output_manifest": "o", "encoding": EncodingConfig("t", "o"), **settings}
        )


def test_a_link_to_the_folder_of_a_manifest(small_model: Path, output: Path, tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "link").symlink_to(output)
    manifest = tmp_path / "deep" / "er" / "link" / "train_manifest.jsonl"
    _, records = _run(small_model, manifest, tmp_path / "new")
    _checked(records, tmp_path / "new")
