"""Files of a store are fetched once, kept by their digest, and taken for no other."""

import hashlib
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.base.store.by_digest import cache_folder, fetched, is_uri

DATA = b"weights" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def uri(tmp_path: Path) -> str:
    (tmp_path / "store/models").mkdir(parents=True)
    (tmp_path / "store/models/net.pth").write_bytes(DATA)
    return f"file://{tmp_path}/store/models/net.pth"


def test_a_file_is_fetched_once_and_then_the_store_is_not_asked(uri: str, tmp_path: Path) -> None:
    kept = fetched(uri, DIGEST, tmp_path / "kept")
    assert kept.read_bytes() == DATA and kept.name.endswith("net.pth")
    (tmp_path / "store/models/net.pth").unlink()
    assert fetched(uri, DIGEST, tmp_path / "kept") == kept


def test_other_bytes_are_refused_and_not_kept(uri: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=f"MODEL_CHANGED.*{DIGEST}"):
        fetched(uri, "0" * 64, tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_file_without_a_digest_or_one_that_is_missing_is_named(uri: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="MODEL_NOT_PINNED"):
        fetched(uri, "", tmp_path / "kept")
    with pytest.raises(BadConfig, match=r"MODEL_MISSING.*absent\.pth"):
        fetched(uri.replace("net", "absent"), DIGEST, tmp_path / "kept")


def test_a_folder_that_cannot_be_written_is_named(uri: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(BadConfig, match=r"MODEL_DIRECTORY.*XDG_CACHE_HOME"):
        fetched(uri, DIGEST, tmp_path / "kept" / "models")


def test_what_is_a_uri_and_where_files_are_kept(tmp_path: Path) -> None:
    assert [is_uri(text) for text in ("s3://b/x", "file:///x", "/x/y", "x.pth", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "visemill/models/by-digest"
    assert cache_folder({"XDG_CACHE_HOME": "~nobody/x"}).is_absolute()
