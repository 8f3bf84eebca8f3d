import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.clip import Clip
from services.formats.tfrecord import write_record
from services.records.grid.inspect import find_record, main
from services.records.grid.labels import encode_label
from services.records.grid.stage import record_bytes


def framed(payload: bytes) -> bytes:
    """One record as it lies in the file."""
    sink = io.BytesIO()
    write_record(sink, payload)
    return sink.getvalue()


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    path = tmp_path / "train-00000-of-00001.tfrecord"
    crops_THWC = np.random.default_rng(0).integers(0, 256, (75, 50, 100, 3), np.uint8)
    records = [
        record_bytes(Clip(f"s1/{stem}", stem, "s1", "x"), crops_THWC, 74, encode_label(text))
        for stem, text in (("bbaf2n", "bin blue at f two now"), ("lrae3s", "lay red at e three soon"))
    ]
    path.write_bytes(b"".join(map(framed, records)))
    return path


def test_a_record_is_found_by_its_place(shard, capsys) -> None:
    assert main([str(shard), "--index", "1", "-o", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["index"], said["utterance_id"], said["label_text"]) == (1, "lrae3s", "lay red at e three soon")
    assert (said["label_len"], said["input_len"], said["frames_shape"]) == (23, 74, [75, 50, 100, 3])
    assert said["features"]["frames"] == {"type": "bytes", "count": 1, "num_bytes": 1_125_000}
    assert said["features"]["t"] == {"type": "int64", "count": 1, "values": [75]}


@pytest.mark.parametrize("key", ["lrae3s", "s1/lrae3s"])
def test_a_record_is_found_by_its_key(shard, capsys, key: str) -> None:
    assert main([str(shard), "--key", key]) == 0
    out = capsys.readouterr().out
    assert "label_text    lay red at e three soon" in out
    assert "int64[32]" in out


def test_the_sheet_shows_the_frames_without_the_padding(shard, tmp_path) -> None:
    png = tmp_path / "sheet.png"
    assert main([str(shard), "--png", str(png)]) == 0
    assert cv2.imread(str(png)).shape == (20 + 8 * 52, 10 * 102 - 2, 3)


@pytest.mark.parametrize("which", [["--index", "2"], ["--key", "swwp2s"]])
def test_a_record_that_is_not_there_is_told(shard, capsys, which: list[str]) -> None:
    assert main([str(shard), *which]) == 3
    assert "NO_SUCH_RECORD" in capsys.readouterr().err


def test_a_broken_or_missing_file_is_told(shard, tmp_path, capsys) -> None:
    torn = tmp_path / "torn.tfrecord"
    torn.write_bytes(shard.read_bytes()[:-1])
    assert main([str(torn), "--index", "1"]) == 3
    assert "TORN_RECORD" in capsys.readouterr().err
    assert main([str(tmp_path / "none.tfrecord")]) == 3
    assert "none.tfrecord" in capsys.readouterr().err


def test_another_example_is_told_what_it_lacks(tmp_path, capsys) -> None:
    path = tmp_path / "other.tfrecord"
    path.write_bytes(framed(b""))
    assert main([str(path)]) == 3
    assert "label_len" in capsys.readouterr().err


def test_of_a_shard_without_records_one_that_has_some_is_named(tmp_path: Path) -> None:
    for name, data in (("test-00000-of-00002", b"x"), ("train-00000-of-00002", b""), ("train-00001-of-00002", b"x")):
        (tmp_path / f"{name}.tfrecord").write_bytes(data)
    with pytest.raises(BadInput, match=r"holds no record.*see train-00001-of-00002.tfrecord, which has some"):
        find_record(tmp_path / "train-00000-of-00002.tfrecord", 0, "")
