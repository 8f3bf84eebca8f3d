"""What `inspect` prints of an npy of a clip and of a row of an Arrow file."""

import json

import numpy as np
import pytest

from services.formats.npy import encode_npy
from services.records.tts.arrow import ArrowWriter, Row
from services.records.tts.inspect import main
from services.records.tts.names import FOLDERS


@pytest.fixture
def shown(capsys):
    def show(*words):
        assert main([*map(str, words), "-o", "json"]) == 0
        return json.loads(capsys.readouterr().out)

    return show


@pytest.fixture
def shard(tmp_path, features, text, folder):
    writer = ArrowWriter(lambda: folder.create("a"))
    for i in range(3):
        made = features(4 + i, i)
        arrays = (text(2 + i).ids_N, made.codes_L, made.condition_KD, made.emo_vec_D)
        writer.add(Row(f"ሰ{i}", dict(zip(FOLDERS, arrays, strict=True))))
    writer.close()
    path = tmp_path / "00000-of-00001.arrow"
    path.write_bytes(folder.closed["a"])
    return path


def test_an_npy_shows_its_values_and_the_rules_of_its_folder(tmp_path, shown):
    path = tmp_path / "codes" / "spk" / "a.npy"
    path.parent.mkdir(parents=True)
    path.write_bytes(encode_npy(np.array([5, 9000], np.int32)))
    found = shown(path)
    assert {name: found[name] for name in ("feature", "type", "shape", "least", "largest", "first")} == {
        "feature": "codes",
        "type": "int32",
        "shape": [2],
        "least": 5,
        "largest": 9000,
        "first": [5, 9000],
    }
    assert found["breaches"] == ["codes: RANGE: its values must be from 0 to 8191, and are from 5 to 9000"]


def test_values_that_are_no_numbers_are_shown_as_text(tmp_path, shown):
    path = tmp_path / "a.npy"
    path.write_bytes(encode_npy(np.array([1.0, np.nan], np.float32)))
    assert shown(path)["first"] == [1.0, "nan"]


@pytest.mark.parametrize(("words", "index"), [((), 0), (("--index", "2"), 2), (("--key", "ሰ1"), 1)])
def test_a_row_of_an_arrow_file(shard, shown, words, index):
    found = shown(shard, *words)
    assert found["rows"] == 3
    assert (found["row"]["index"], found["row"]["id"], found["row"]["breaches"]) == (index, f"ሰ{index}", [])
    assert {name: about["shape"] for name, about in found["row"]["features"].items()} == {
        "text_ids": [2 + index],
        "codes": [4 + index],
        "condition": [32, 16],
        "emo_vec": [16],
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--index", "3"), "NO_SUCH_ROW: it has 3 rows and none at index 3"),
        (("--key", "x"), "NO_SUCH_ROW: it has 3 rows and none with the id 'x'"),
        (("--png", "a.png"), "NO_PICTURES"),
    ],
)
def test_what_is_not_there_is_an_error_with_its_reason(shard, capsys, words, message):
    assert main([str(shard), *words]) == 3
    assert message in capsys.readouterr().err


def test_a_file_that_is_none_is_an_error_with_its_reason(tmp_path, capsys):
    (tmp_path / "a.npy").write_bytes(b"x")
    assert main([str(tmp_path / "a.npy")]) == 3
    assert "BAD_NPY" in capsys.readouterr().err
    assert main([str(tmp_path / "b.npy")]) == 3
    assert "give the path of a file" in capsys.readouterr().err


def test_people_read_a_fact_a_line(shard, capsys):
    assert main([str(shard)]) == 0
    assert (
        "rows: 3\nrow:\n  index: 0\n  id: ሰ0\n  features:\n    text_ids:\n      type: int32" in capsys.readouterr().out
    )
