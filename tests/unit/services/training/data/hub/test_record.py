"""What was chosen once is kept, and read again as it was."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.training.data.hub.interfaces import HubFile
from services.training.data.hub.record import Record, read_record, stamp_of, write_record

COMMIT = "c" * 40


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    (tmp_path / "blob").write_bytes(b"1234")
    stamp = stamp_of(tmp_path / "blob")
    files = (HubFile("val.zip", 4, "a" * 64), HubFile("meta_valid.csv", 3, "", "b" * 40))
    record = Record("o/n", "raw", "main", COMMIT, files, {"val.zip": stamp}, frozenset({"val.zip"}))
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record
    assert stamp.is_of(tmp_path / "blob")
    (tmp_path / "blob").write_bytes(b"12345")
    assert not stamp.is_of(tmp_path / "blob")


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2}', '{"version": 1, "files": [{"name": "../x"}]}'])
def test_what_was_not_written_so_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / ".visemill").mkdir()
    (tmp_path / ".visemill" / "download.json").write_text(text)
    with pytest.raises(BadConfig, match=r"DOWNLOAD_RECORD.*download\.json cannot be read.*remove it"):
        read_record(tmp_path)


def test_its_revision_is_a_commit() -> None:
    with pytest.raises(ValueError, match="'main' is no commit"):
        Record("o/n", "raw", "main", "main", ())
