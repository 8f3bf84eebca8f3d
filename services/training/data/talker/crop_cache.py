"""I/O: a person's crops in a file that is mapped into memory: made once of the pictures, and anew where these change.

A picture of 512 px takes 8 ms to decode and shrink, and each is seen hundreds of times; a mapped crop takes none.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import UInt8Array
from services.base.process.cgroup import granted_cores
from services.lips.picture import picture_of
from services.lips.talker_crop import CropBox, crop

_log = logging.getLogger("visemill.training.data")
_VERSION = 1
_TOLD_EVERY_S = 4.0
_BATCH = 64


@dataclass(frozen=True)
class PictureFile:
    """A frame as it is listed, and where its crop lies; None where the frame is not to be used."""

    name: str
    size_bytes: int
    version: str
    box: CropBox | None


def cache_digest(pictures: Sequence[PictureFile], size_px: int) -> str:
    """sha256 (hex) of all that decides the crops."""
    digest = hashlib.sha256(f"{_VERSION}/{size_px}\n".encode())
    for picture in pictures:
        box = picture.box
        place = "-" if box is None else f"{box.left_px},{box.top_px},{box.side_px}"
        digest.update(f"{picture.name}\t{picture.size_bytes}\t{picture.version}\t{place}\n".encode())
    return digest.hexdigest()


def open_crops(
    folder: Path, pictures: Sequence[PictureFile], read: Callable[[str], bytes], size_px: int, name: str = ""
) -> UInt8Array:
    """uint8 BGR [N, size_px, size_px, 3], mapped; black where a frame is not to be used. folder: of the cache.
    read: the bytes of a picture. name: of the person, for messages.

    Whoever comes while another process makes it waits; what one that was killed had made is taken over. Raises BadInput
    BAD_PICTURE, OTHER_PICTURES; BadConfig DISK_FULL.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = cache_digest(pictures, size_px)
    path = folder / f"crops-{size_px}-{digest[:16]}.npy"
    if not path.is_file():
        with _locked(folder / f"crops-{size_px}.lock"):
            if not path.is_file():
                _make(path, pictures, read, size_px, name)
                for other in folder.glob(f"crops-{size_px}-*"):
                    if not other.name.startswith(path.stem):
                        other.unlink()
    crops_NHWC: UInt8Array = np.load(path, mmap_mode="r", allow_pickle=False)
    return crops_NHWC


def _make(path: Path, pictures: Sequence[PictureFile], read: Callable[[str], bytes], size_px: int, name: str) -> None:
    partly, marks = path.with_suffix(".part"), path.with_suffix(".done")
    shape = (len(pictures), size_px, size_px, 3)
    crops_NHWC, done_N = _begun(partly, marks, shape)
    left = [i for i in range(len(pictures)) if not done_N[i]]
    told_s = time.monotonic()
    with ThreadPoolExecutor(granted_cores(), "crop") as threads:
        for first in range(0, len(left), _BATCH):
            batch = left[first : first + _BATCH]
            for i, made in zip(batch, threads.map(lambda i: _crop_of(pictures[i], read, size_px), batch), strict=True):
                crops_NHWC[i] = made
            # A mark is worth no more than the bytes that it is about.
            crops_NHWC.flush()
            done_N[batch] = 1
            done_N.flush()
            if time.monotonic() - told_s > _TOLD_EVERY_S:
                told_s = time.monotonic()
                _log.info("crops of %s: %d of %d", name, len(pictures) - len(left) + first + len(batch), len(pictures))
    partly.replace(path)
    marks.unlink()


def _begun(partly: Path, marks: Path, shape: tuple[int, ...]) -> tuple[np.memmap, np.memmap]:
    """What one that was killed has begun, or a new file whose space is reserved: a full disk would end the process that
    writes into a mapped file.
    """
    num_frames = shape[0]
    try:
        crops_NHWC = np.lib.format.open_memmap(partly, mode="r+", dtype=np.uint8, shape=None)
        if crops_NHWC.shape == shape and marks.stat().st_size == num_frames:
            return crops_NHWC, np.memmap(marks, np.uint8, "r+", shape=(num_frames,))
    except (OSError, ValueError):
        pass
    try:
        crops_NHWC = np.lib.format.open_memmap(partly, mode="w+", dtype=np.uint8, shape=shape)
        marks.write_bytes(bytes(num_frames))
        with partly.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, partly.stat().st_size)
    except OSError as error:
        partly.unlink(missing_ok=True)
        marks.unlink(missing_ok=True)
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise BadConfig(
            "DISK_FULL",
            f"crops of {num_frames} frames take {np.prod(shape) / 1e9:.2f} GB in {partly.parent}, which has no room "
            "for them: free some, or move the folder",
        ) from error
    return crops_NHWC, np.memmap(marks, np.uint8, "r+", shape=(num_frames,))


def _crop_of(picture: PictureFile, read: Callable[[str], bytes], size_px: int) -> UInt8Array:
    if picture.box is None:
        return np.zeros((size_px, size_px, 3), np.uint8)
    return crop(picture_of(read(picture.name), picture.name), picture.box, size_px)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
