"""Few bytes wait in memory, many in a file without a name; a folder that takes none is a message."""

import tempfile

import pytest

from services.base.errors import Transient
from services.base.process.scratch import ScratchFile


@pytest.mark.parametrize("num_bytes", [0, 5, 1000, (2 << 20) + 3])
def test_what_was_written_is_read_in_pieces(num_bytes):
    with ScratchFile("records", 100) as file:
        for start in range(0, num_bytes, 70_000):
            file.write(memoryview(b"x" * min(70_000, num_bytes - start)))
        pieces = list(file.pieces())
        assert file.size_bytes == num_bytes == sum(map(len, pieces))
        assert all(len(piece) <= 1 << 20 for piece in pieces)


def test_a_file_of_the_temporary_folder_has_no_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with ScratchFile("records", 10) as file:
        file.write(b"x" * 1000)
        assert list(tmp_path.iterdir()) == []


def test_a_temporary_folder_that_takes_nothing_is_told_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with ScratchFile("records", 10) as file:
        file.write(b"x" * 10)
        with pytest.raises(Transient, match=r"NO_SPACE: records do not fit the temporary folder .*TMPDIR"):
            file.write(b"x")
