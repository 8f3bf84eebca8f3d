"""Clips that are folders of pictures, in a store: listed, read and fetched as one file is.

Names that end in `/` are such folders; every other name is a file, and is left to the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from services.base.errors import BadInput
from services.base.media.clip import Media
from services.base.media.picture_bytes import PictureSize, picture_size
from services.base.media.pictures import MAX_NUM_PICTURES, PictureFolder, in_order, is_picture_folder, picture_kind
from services.base.store.interface import Entry, NotThere, ReadableStore

_T = TypeVar("_T")
_NUM_READERS = 8
# Of what lies in a folder of pictures and below it; more is a data set.
_MOST_LISTED = 10 * MAX_NUM_PICTURES


def with_picture_folders(entries: Iterable[Entry], *, keep_pictures: bool = False) -> Iterator[Entry]:
    """A listing where each folder of pictures is an entry instead of its pictures, or beside them; they come last."""
    folders: dict[str, PictureFolder] = {}
    for entry in entries:
        folder, _, name = entry.name.rpartition("/")
        if folder and picture_kind(name):
            folders.setdefault(folder, PictureFolder()).add(name, entry.size_bytes, entry.version, entry.kind)
            if not keep_pictures:
                continue
        yield entry
    for path, pictures in folders.items():
        yield Entry(f"{path}/", pictures.size_bytes, pictures.version)


def stat_media(store: ReadableStore, name: str) -> Entry | None:
    """As the store's own `stat`; of a folder the size of its pictures together, and a version of them all."""
    if not is_picture_folder(name):
        return store.stat(name)
    pictures, names = _listed(store, name)
    return Entry(name, pictures.size_bytes, pictures.version) if names else None


def read_media(store: ReadableStore, name: str) -> bytes:
    """All bytes of a clip. Raises as the store's own `read`; BadInput with what is wrong with a folder of pictures."""
    if not is_picture_folder(name):
        return store.read(name)
    pictures, names = _checked(store, name)
    return _joined(name, pictures.kind, zip(names, _each(names, lambda n: store.read(name + n)), strict=True))


def local_media(store: ReadableStore, name: str) -> Path | None:
    """The file, or the folder of pictures, itself where the store is a disk, else None."""
    if not is_picture_folder(name):
        return store.local_path(name)
    _, names = _listed(store, name)
    first = store.local_path(name + names[0]) if names else None
    return first.parent if first is not None else None


def fetch_media(store: ReadableStore, name: str, to: Path) -> None:
    """Copies a file, or a folder's pictures, to a path. Raises as `read_media`."""
    if not is_picture_folder(name):
        store.fetch(name, to)
        return
    _, names = _checked(store, name)
    to.mkdir(parents=True, exist_ok=True)
    for _ in _each(names, lambda n: store.fetch(name + n, to / n)):
        pass


def media_of(store: ReadableStore, name: str) -> Media:
    """A clip's media; a file on a disk stays there. Raises as `read_media`, and OSError."""
    path = None if is_picture_folder(name) else store.local_path(name)
    return Media.of_file(path, name) if path is not None else Media.of_bytes(name, read_media(store, name))


def _listed(store: ReadableStore, name: str) -> tuple[PictureFolder, list[str]]:
    """The pictures of a folder, and their names in order."""
    pictures, names = PictureFolder(), []
    for num_listed, entry in enumerate(store.list(name)):
        if num_listed == _MOST_LISTED:
            raise BadInput(
                "TOO_MANY_PICTURES",
                f"{name} holds more than {_MOST_LISTED} files, over the limit of {MAX_NUM_PICTURES} pictures: name a "
                "folder that holds one clip",
            )
        inside = entry.name.removeprefix(name)
        if "/" not in inside and picture_kind(inside):
            pictures.add(inside, entry.size_bytes, entry.version, entry.kind)
            names.append(inside)
    return pictures, in_order(names)


def _checked(store: ReadableStore, name: str) -> tuple[PictureFolder, list[str]]:
    pictures, names = _listed(store, name)
    if not names:
        raise NotThere(name, store.uri)
    fault = pictures.fault()
    if fault is not None:
        raise BadInput(fault.reason, f"{name}: {fault.message}")
    return pictures, names


def _joined(folder: str, kind: str, pictures: Iterable[tuple[str, bytes]]) -> bytes:
    """The bytes of a clip's pictures, one behind the other. kind: jpeg or png. pictures: (name, bytes) in order.

    Raises BadInput BROKEN_PICTURE, or PICTURES_MIXED where one is of another size than those before it.
    """
    joined = bytearray()
    first: PictureSize | None = None
    for name, data in pictures:
        try:
            size = picture_size(kind, data)
        except ValueError as error:
            message = f"{folder}{name} {error}: extract the clip's pictures again, or leave it out"
            raise BadInput("BROKEN_PICTURE", message) from error
        if first is not None and size != first:
            raise BadInput(
                "PICTURES_MIXED",
                f"{folder}{name} is {size.width_px}x{size.height_px} px among pictures of "
                f"{first.width_px}x{first.height_px}; a clip has one size, so extract its pictures again",
            )
        first = size
        joined += data
    return bytes(joined)


def _each(names: list[str], call: Callable[[str], _T]) -> Iterator[_T]:
    """What the call makes of each name, in order, several under way: from S3 every picture is a request of its own."""
    with ThreadPoolExecutor(min(_NUM_READERS, len(names))) as pool:
        yield from pool.map(call, names)
