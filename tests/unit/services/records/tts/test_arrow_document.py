"""docs/tts.md: the reader of Arrow files on the page reads what is written, clip by clip, without a copy."""

import re
from pathlib import Path

import numpy as np
import pytest

from services.records.tts.arrow import ROWS_A_BATCH, ArrowWriter, Row
from services.records.tts.names import FOLDERS, arrow_file

DOCUMENT = Path(__file__).resolve().parents[5] / "docs" / "tts.md"


@pytest.fixture
def reader():
    section = DOCUMENT.read_text(encoding="utf-8").partition("### Reading Arrow shards")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    code = block.partition("class ")[1] + block.partition("class ")[2]
    assert 15 <= len([line for line in code.splitlines() if line.strip()]) <= 22
    names: dict[str, object] = {}
    exec(compile(block, str(DOCUMENT), "exec"), names)
    return names["Clips"]


def test_the_reader_on_the_page_reads_every_clip_of_every_shard(reader, features, text, folder, tmp_path):
    (tmp_path / "features").mkdir()
    expected = []
    for shard, num_clips in enumerate((ROWS_A_BATCH + 2, 1)):
        writer = ArrowWriter(lambda: folder.create("shard"))
        for _ in range(num_clips):
            made = features(4 + len(expected) % 3, len(expected))
            arrays = (text(2 + len(expected) % 5).ids_N, made.codes_L, made.condition_KD, made.emo_vec_D)
            expected.append(Row(f"ሰ{len(expected)}", dict(zip(FOLDERS, arrays, strict=True))))
            writer.add(expected[-1])
        writer.close()
        (tmp_path / arrow_file(shard, 2)).write_bytes(folder.closed["shard"])
    clips = reader(tmp_path)
    assert len(clips) == len(expected)
    for clip, row in zip(clips, expected, strict=True):
        assert clip.pop("id") == row.id
        for name, array in row.arrays.items():
            np.testing.assert_array_equal(clip[name], array, strict=True)
            assert not clip[name].flags.owndata, "it was copied"
    assert clips[len(expected) - 1]["id"] == expected[-1].id


def test_an_output_without_a_clip_is_empty(reader, tmp_path):
    assert len(reader(tmp_path)) == 0
    assert list(reader(tmp_path)) == []
