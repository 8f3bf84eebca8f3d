"""The index file: what is written is mapped, and what is none is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.base.errors import BadInput
from services.training.data.records.clip_index import ClipIndex, ClipPlace, Damage, IndexedFile, encode_index

CLIPS = [
    ClipPlace(0, 0, 12, 300, 0xFFFFFFFF, 40, (12, 4, 6, 3), 10, (1, 8), "clip0", "s1", b"0" * 16),
    ClipPlace(1, 2, 1 << 40, 300, 7, (1 << 40) + 28, (12, 4, 6, 3), 9, (), "clip1", "s2", b"1" * 16),
]
FILES = [IndexedFile("train-00000-of-00002.tfrecord", 316, "a" * 64, 1), IndexedFile("b", 5, "b" * 64, 3)]
DAMAGES = [Damage(1, 0, "CORRUPT_RECORD", "why", False), Damage(1, 1, "CORRUPT_RECORD", "why", False)]


def opened(path: Path, *parts) -> ClipIndex:
    path.write_bytes(encode_index(*parts))
    return ClipIndex(path)


def test_what_is_written_is_there(tmp_path: Path) -> None:
    index = opened(tmp_path / "i", CLIPS, FILES, DAMAGES)
    assert (len(index), index.files, index.damages) == (2, tuple(FILES), tuple(DAMAGES))
    assert index.payload_at_N.tolist() == [12, 1 << 40]
    assert index.crc32c_N.tolist() == [0xFFFFFFFF, 7]
    assert index.shape_N4.tolist() == [[12, 4, 6, 3]] * 2
    assert (index.labels(), index.texts("speaker_id"), index.contents()[1]) == ([[1, 8], []], ["s1", "s2"], b"1" * 16)


def test_columns_of_numbers_are_views_of_the_file(tmp_path: Path) -> None:
    assert not opened(tmp_path / "i", CLIPS, FILES, ()).frames_at_N.flags.owndata


def test_a_set_without_clips_has_an_index(tmp_path: Path) -> None:
    assert len(opened(tmp_path / "i", [], FILES, ())) == 0


def test_the_digest_follows_from_contents_and_damage(tmp_path: Path) -> None:
    whole = opened(tmp_path / "i", CLIPS, FILES, ()).digest
    assert opened(tmp_path / "j", CLIPS, FILES, ()).digest == whole
    assert opened(tmp_path / "k", CLIPS, [FILES[0]._replace(sha256="c" * 64), FILES[1]], ()).digest != whole
    assert opened(tmp_path / "l", CLIPS, FILES, DAMAGES).digest != whole


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    whole = encode_index(CLIPS, FILES, DAMAGES)
    for i, data in enumerate((b"", b"ARROW1", whole[: len(whole) // 2])):
        path = tmp_path / str(i)
        path.write_bytes(data)
        with pytest.raises(BadInput, match="BAD_INDEX"):
            ClipIndex(path)
