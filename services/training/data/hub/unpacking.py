"""I/O: a zip of somebody else's as a folder: nothing outside it, nothing but files, and all of it or nothing.

What is unpacked lies in a folder for work until it is whole; after an interruption, files that are whole stay.
"""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from services.base.errors import BadConfig
from services.training.data.hub.interfaces import Watch
from services.training.data.hub.space import Demand, check_space

_CHUNK_BYTES = 1 << 20
_DRIVE = re.compile(r"[A-Za-z]:")
_ENCRYPTED = 1
# What a Mac adds to zips.
_LITTER = frozenset({"__MACOSX", ".DS_Store"})


class Member(NamedTuple):
    """path: below the folder that the zip becomes."""

    info: zipfile.ZipInfo
    path: PurePosixPath


def members_of(zip_name: str, infos: Iterable[zipfile.ZipInfo]) -> list[Member]:
    """The files of a zip. A folder around all of them that has the zip's own name is left out. Pure.

    Raises BadConfig ZIP_UNSAFE for one that would be written elsewhere, is no plain file, or stands there twice.
    """
    found: dict[PurePosixPath, zipfile.ZipInfo] = {}
    for info in infos:
        path = _path(zip_name, info)
        if info.is_dir() or _LITTER & set(path.parts):
            continue
        if path in found:
            raise _unsafe(zip_name, info, "stands there twice")
        found[path] = info
    folders = {parent for path in found for parent in path.parents}
    for path, info in found.items():
        if path in folders:
            raise _unsafe(zip_name, info, "is a file and a folder")
    stem = PurePosixPath(zip_name).stem
    is_wrapped = all(path.parts[0] == stem and len(path.parts) > 1 for path in found)
    return [Member(info, PurePosixPath(*path.parts[is_wrapped:])) for path, info in found.items()]


def _path(zip_name: str, info: zipfile.ZipInfo) -> PurePosixPath:
    # As it stands there: zipfile cuts a name at a zero byte.
    name = info.orig_filename
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in name or _DRIVE.match(name):
        raise _unsafe(zip_name, info, "would be written elsewhere")
    if any(ord(letter) < 32 for letter in name):
        raise _unsafe(zip_name, info, "has control characters in its name")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFDIR if info.is_dir() else stat.S_IFREG):
        raise _unsafe(zip_name, info, "is a link or a device, and no plain file")
    if info.flag_bits & _ENCRYPTED:
        raise _unsafe(zip_name, info, "is encrypted")
    return path


def _unsafe(zip_name: str, info: zipfile.ZipInfo, why: str) -> BadConfig:
    return BadConfig(
        "ZIP_UNSAFE",
        f"{info.orig_filename!r} of {zip_name} {why}: nothing of the zip is unpacked. Tell its publisher, or take the "
        "zip as it is by --no-unpack",
    )


def unpack(zip_path: Path, zip_name: str, target: Path, work: Path, watch: Watch) -> None:
    """Makes the folder `target` of the zip. work: a folder on the same file system, of this content of the zip alone,
    where an earlier call may have left files.

    Raises BadConfig ZIP_UNSAFE, ZIP_DAMAGED, DISK_FULL, OUTPUT_EXISTS; OSError.
    """
    try:
        with zipfile.ZipFile(zip_path) as archive:
            members = members_of(zip_name, archive.infolist())
            if target.exists():
                _require_whole(target, members)
                return
            _write(archive, zip_name, members, work, watch)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BadConfig(
            "ZIP_DAMAGED",
            f"{zip_name} cannot be unpacked ({error}): the same command compares it with the hub's sha256 again, and "
            f"downloads it anew where it is another. It lies at {zip_path}",
        ) from error
    work.replace(target)


def _require_whole(target: Path, members: Iterable[Member]) -> None:
    """What lies there is of an earlier call that ended before it could say so, or is somebody else's."""
    if not all(_is_there(target / one.path, one.info) for one in members):
        raise BadConfig(
            "OUTPUT_EXISTS", f"{target} is there, and is not what the zip holds: move it, or give another --output-dir"
        )


def _write(archive: zipfile.ZipFile, zip_name: str, members: list[Member], work: Path, watch: Watch) -> None:
    work.mkdir(parents=True, exist_ok=True)
    waiting = [one for one in members if not _is_there(work / one.path, one.info)]
    total_bytes, left_bytes = (sum(one.info.file_size for one in some) for some in (members, waiting))
    check_space([Demand(work.parent, left_bytes, f"files of {zip_name}")])
    done_bytes = total_bytes - left_bytes
    with watch.phase(f"unpacking {zip_name}", total_bytes, done_bytes) as counted:
        for info, path in waiting:
            place = work / path
            place.parent.mkdir(parents=True, exist_ok=True)
            # A file has its name once its checksum is right: `read` compares at the end.
            part = place.with_name(f"{place.name}.part")
            with archive.open(info) as source, part.open("wb") as file:
                shutil.copyfileobj(source, file, _CHUNK_BYTES)
            part.replace(place)
            done_bytes += info.file_size
            counted(done_bytes)


def _is_there(path: Path, info: zipfile.ZipInfo) -> bool:
    return path.is_file() and path.stat().st_size == info.file_size
