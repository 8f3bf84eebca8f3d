"""A file by its path or its URI: read in pieces, written whole."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.base.store.named_file import folder_of, is_there, pieces_of, real_folder, size_bytes_of, upload_of


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_it_is_read_and_written(tmp_path: Path, form: str) -> None:
    name = form.format(tmp_path / "new" / "a.jsonl")
    assert size_bytes_of(name) == 0
    with upload_of(name) as upload:
        upload.write(b"x" * 3_000_000)
        upload.flush()
        assert not (tmp_path / "new" / "a.jsonl").exists()
        upload.commit()
    with pytest.raises(ValueError, match="has ended"):
        upload.flush()
    assert size_bytes_of(name) == 3_000_000
    assert b"".join(pieces_of(name, "--manifest")) == b"x" * 3_000_000
    with pytest.raises(BadConfig, match=r"--manifest .* (cannot be read|is not there)"):
        list(pieces_of(form.format(tmp_path / "none"), "--manifest"))


def test_folders_are_told_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    assert folder_of("link/a.jsonl") == str(tmp_path / "real")
    assert folder_of("a.jsonl") == str(tmp_path)
    assert folder_of("s3://b/x/../y/a.jsonl") == "s3://b/y"
    assert real_folder("link") == str(tmp_path / "real")


def test_files_of_stores_are_taken_to_be_there(tmp_path: Path) -> None:
    assert is_there("s3://b/x")
    assert is_there(str(tmp_path))
    assert not is_there(str(tmp_path / "x"))
