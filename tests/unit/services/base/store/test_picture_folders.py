"""A folder of pictures is listed, read and fetched as one file; every other name is left to the store."""

import hashlib
import zlib
from pathlib import Path

import pytest

from services.base.errors import BadInput
from services.base.store.interface import NotThere, Store
from services.base.store.local.folder import LocalFolder
from services.base.store.open import open_store
from services.base.store.picture_folders import (
    fetch_media,
    local_media,
    media_of,
    read_media,
    stat_media,
    with_picture_folders,
)


def png(shade: int, width_px: int = 2) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    head = width_px.to_bytes(4, "big") + b"\0\0\0\1\x08\0\0\0\0"
    pixels = zlib.compress(b"\0" + bytes([shade]) * width_px)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


PICTURES = [png(i) for i in range(12)]


class ElsewhereFolder(LocalFolder):
    """A store that is no disk, as far as its callers can tell."""

    def local_path(self, name: str) -> Path | None:
        return None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "in" / "s1" / "a"
    folder.mkdir(parents=True)
    for i, data in enumerate(PICTURES):
        (folder / f"{i}.png").write_bytes(data)
    for name in ("Thumbs.db", ".0.png", "notes.txt"):
        (folder / name).write_bytes(b"no picture")
    (folder / "deeper").mkdir()
    (folder / "deeper" / "99.png").write_bytes(b"another folder's")
    (folder.parent / "b.mpg").write_bytes(b"a video")
    return tmp_path / "in"


@pytest.fixture(params=["disk", "elsewhere"])
def store(request: pytest.FixtureRequest, root: Path) -> Store:
    return open_store(root) if request.param == "disk" else ElsewhereFolder(root)


def test_the_bytes_are_those_of_the_pictures_as_their_numbers_count(store: Store) -> None:
    joined = b"".join(PICTURES)
    entry, media = stat_media(store, "s1/a/"), media_of(store, "s1/a/")
    assert read_media(store, "s1/a/") == joined == media.data
    assert (media.sha256, media.is_pictures) == (hashlib.sha256(joined).hexdigest(), True)
    assert entry is not None and (entry.name, entry.size_bytes) == ("s1/a/", len(joined))


def test_files_are_left_to_the_store(store: Store, root: Path) -> None:
    assert stat_media(store, "s1/b.mpg") == store.stat("s1/b.mpg")
    assert read_media(store, "s1/b.mpg") == b"a video"
    media = media_of(store, "s1/b.mpg")
    assert (media.path is None, media.is_pictures) == (isinstance(store, ElsewhereFolder), False)
    assert local_media(open_store(root), "s1/b.mpg") == root / "s1" / "b.mpg"


def test_a_listing_has_the_folder_in_place_of_its_pictures(store: Store) -> None:
    listed = {entry.name: entry for entry in with_picture_folders(store.list())}
    assert listed["s1/a/"] == stat_media(store, "s1/a/")
    assert set(listed) == {"s1/a/", "s1/a/deeper/", "s1/a/Thumbs.db", "s1/a/.0.png", "s1/a/notes.txt", "s1/b.mpg"}


def test_the_version_changes_with_each_picture(store: Store, root: Path) -> None:
    before = stat_media(store, "s1/a/")
    (root / "s1" / "a" / "Thumbs.db").write_bytes(b"still none")
    assert stat_media(store, "s1/a/") == before
    (root / "s1" / "a" / "3.png").write_bytes(PICTURES[4])
    changed = stat_media(store, "s1/a/")
    (root / "s1" / "a" / "11.png").unlink()
    shorter = stat_media(store, "s1/a/")
    assert before is not None and changed is not None and shorter is not None
    assert before.size_bytes == changed.size_bytes > shorter.size_bytes
    assert len({before.version, changed.version, shorter.version}) == 3


def test_a_folder_on_a_disk_stays_there_and_another_is_fetched(root: Path, tmp_path: Path) -> None:
    assert local_media(open_store(root), "s1/a/") == root / "s1" / "a"
    elsewhere = ElsewhereFolder(root)
    assert local_media(elsewhere, "s1/a/") is None
    fetch_media(elsewhere, "s1/a/", tmp_path / "copy" / "a")
    assert {path.name for path in (tmp_path / "copy" / "a").iterdir()} == {f"{i}.png" for i in range(12)}
    assert read_media(open_store(tmp_path / "copy"), "a/") == b"".join(PICTURES)


def test_a_folder_that_is_no_clip_is_refused_by_name(store: Store, root: Path) -> None:
    (root / "s1" / "a" / "5.png").unlink()
    with pytest.raises(BadInput, match="PICTURES_MISSING: s1/a/: 1 pictures are missing, of numbers 5,"):
        read_media(store, "s1/a/")
    (root / "s1" / "a" / "5.png").write_bytes(PICTURES[5][:-3])
    with pytest.raises(BadInput, match=r"BROKEN_PICTURE: s1/a/5.png breaks off"):
        read_media(store, "s1/a/")
    (root / "s1" / "a" / "5.png").write_bytes(png(5, width_px=3))
    with pytest.raises(BadInput, match=r"PICTURES_MIXED: s1/a/5.png is 3x1 px among pictures of 2x1"):
        read_media(store, "s1/a/")


def test_a_folder_that_is_not_there_is_as_a_file_that_is_not(store: Store) -> None:
    assert stat_media(store, "s1/c/") is None
    assert local_media(store, "s1/c/") is None
    with pytest.raises(NotThere):
        read_media(store, "s1/c/")
