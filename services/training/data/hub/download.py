"""I/O: chosen files of a repository into a folder, zips unpacked. The same call goes on after anything."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from services.base.errors import BadConfig
from services.base.process.quantities import counted as in_words
from services.base.process.quantities import num_bytes
from services.base.store.os_errors import refusal
from services.training.data.hub.fetching import BegunFile, take_alone
from services.training.data.hub.interfaces import Choice, HubFile, Watch, is_commit
from services.training.data.hub.record import STATE, Record, read_record, stamp_of, write_record
from services.training.data.hub.repository import HubRepository
from services.training.data.hub.space import Demand, check_space
from services.training.data.hub.unpacking import unpack

# What a zip becomes, by its own size: videos and sound hardly shrink in one.
_UNPACKED_SHARE = 1.1
_WORK = "unpacking"


@dataclass(frozen=True)
class Wanted:
    """part: the name of what is chosen of a repository. pinned: the revision where none is asked for. revision: a
    commit, a branch or a tag; empty: that of an earlier call into the folder, else pinned. folder: where files appear.
    """

    part: str
    pinned: str
    folder: Path
    revision: str = ""
    unpacks: bool = True


@dataclass(frozen=True)
class Downloaded:
    """revision: the commit. files: what was chosen. fetched_bytes: that this call has put into the cache. cache: where
    files lie as the hub has them; zips: those among them, of which a folder that has them unpacked needs none any more.
    """

    revision: str
    files: Sequence[HubFile]
    fetched_bytes: int
    cache: Path
    zips: Sequence[Path]


def download(hub: HubRepository, wanted: Wanted, choose: Choice, watch: Watch) -> Downloaded:
    """Raises BadConfig OTHER_DOWNLOAD, OUTPUT_IN_USE, DISK_FULL; as HubRepository, BegunFile, unpack, choose."""
    try:
        with _alone(wanted.folder):
            return _Download(hub, wanted, _record_of(hub, wanted, choose, watch), watch).run()
    except OSError as error:
        raise refusal(error, f"{wanted.folder} or {hub.folder.parent}", "", "write") from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    state = folder / STATE
    state.mkdir(parents=True, exist_ok=True)
    with (state / "download.lock").open("ab") as lock:
        take_alone(lock.fileno(), str(folder))
        yield


def _record_of(hub: HubRepository, wanted: Wanted, choose: Choice, watch: Watch) -> Record:
    """What was chosen, once: a branch may move between two calls, and its files must be of one commit."""
    kept = read_record(wanted.folder)
    if kept is not None:
        is_same = (kept.repository, kept.part) == (hub.name, wanted.part)
        if not is_same or wanted.revision not in ("", kept.asked, kept.revision):
            raise BadConfig(
                "OTHER_DOWNLOAD",
                f"{wanted.folder} is of {kept.repository} at {kept.revision}, part {kept.part}, and not of {hub.name} "
                f"at {wanted.revision or kept.revision}, part {wanted.part}: give another --output-dir",
            )
        return kept
    asked = wanted.revision or wanted.pinned
    with watch.waiting(f"asking {hub.page} for the files of {asked}"):
        listing = hub.listing(asked)
    if is_commit(asked) and listing.revision != asked:
        raise BadConfig("HUB_ANSWER", f"{hub.page} answers for {asked} with {listing.revision}: see HF_ENDPOINT")
    names = set(choose([file.name for file in listing.files]))
    files = tuple(sorted((file for file in listing.files if file.name in names), key=lambda file: file.name))
    record = Record(hub.name, wanted.part, asked, listing.revision, files)
    write_record(wanted.folder, record)
    return record


class _Download:
    """One call."""

    def __init__(self, hub: HubRepository, wanted: Wanted, record: Record, watch: Watch) -> None:
        self._hub, self._wanted, self._record, self._watch = hub, wanted, record, watch
        self._folder = wanted.folder
        self._fetched_bytes = 0

    def run(self) -> Downloaded:
        missing = [file for file in self._record.files if not self._is_done(file)]
        begun = [BegunFile(file, self._hub.blob(file)) for file in missing if not self._is_checked(file)]
        self._check_space(missing, begun)
        self._fetch(begun)
        for file in missing:
            self._place(file)
        with contextlib.suppress(OSError):
            (self._folder / STATE / _WORK).rmdir()
        zips = [self._hub.blob(file) for file in self._record.files if _is_zip(file)]
        there = [path for path in zips if path.is_file()]
        return Downloaded(
            self._record.revision, self._record.files, self._fetched_bytes, self._hub.folder, tuple(there)
        )

    def _is_done(self, file: HubFile) -> bool:
        if not _is_zip(file):
            with contextlib.suppress(FileNotFoundError):
                return (self._folder / file.name).stat().st_size == file.size_bytes
            return False
        if not self._wanted.unpacks:
            return self._is_checked(file)
        return file.name in self._record.unpacked and self._target(file).is_dir()

    def _is_checked(self, file: HubFile) -> bool:
        stamp = self._record.checked.get(file.name)
        return stamp is not None and stamp.is_of(self._hub.blob(file))

    def _check_space(self, missing: Sequence[HubFile], begun: Sequence[BegunFile]) -> None:
        left_bytes = sum(one.file.size_bytes - one.num_bytes for one in begun)
        unpacked_bytes = sum(int(file.size_bytes * _UNPACKED_SHARE) for file in missing if self._unpacks(file))
        demands = [
            Demand(self._hub.folder, left_bytes, "downloads"),
            Demand(self._folder, unpacked_bytes, "unpacked files"),
        ]
        said = check_space(one for one in demands if one.needed_bytes)
        if said:
            what = in_words(len(missing), "file")
            self._watch.say(f"{what} of {self._hub.name} at {self._record.revision[:8]}: {said}")

    def _fetch(self, begun: Sequence[BegunFile]) -> None:
        if not begun:
            return
        base_bytes, total_bytes = 0, sum(one.file.size_bytes for one in begun)
        with self._watch.phase(f"downloading from {self._hub.name}", total_bytes, 0) as counted:
            for one in begun:
                there_bytes, size_bytes = one.num_bytes, one.file.size_bytes
                goes_on = f", of which {num_bytes(there_bytes)} are there" if there_bytes else ""
                self._watch.say(f"{one.file.name}: {num_bytes(size_bytes)}{goes_on}")

                def of_all(count: int, base_bytes: int = base_bytes) -> None:
                    counted(base_bytes + count)

                blob = one.fetch(self._hub, self._record.revision, of_all, self._watch)
                self._fetched_bytes += size_bytes - there_bytes
                base_bytes += size_bytes
                with contextlib.suppress(OSError):
                    self._hub.name_blob(one.file, self._record.revision)
                self._note(checked={**self._record.checked, one.file.name: stamp_of(blob)})

    def _place(self, file: HubFile) -> None:
        if self._unpacks(file):
            work = self._folder / STATE / _WORK / f"{PurePosixPath(file.name).stem}-{file.identity[:16]}"
            target, blob = self._target(file), self._hub.blob(file)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                unpack(blob, file.name, target, work, self._watch)
            except BadConfig as error:
                if error.reason == "ZIP_DAMAGED":
                    kept = {name: stamp for name, stamp in self._record.checked.items() if name != file.name}
                    self._note(checked=kept)
                raise
            self._note(unpacked=self._record.unpacked | {file.name})
        elif not _is_zip(file):
            place = self._folder / file.name
            place.parent.mkdir(parents=True, exist_ok=True)
            part = place.with_name(f"{place.name}.part")
            shutil.copyfile(self._hub.blob(file), part)
            part.replace(place)

    def _unpacks(self, file: HubFile) -> bool:
        return _is_zip(file) and self._wanted.unpacks

    def _target(self, file: HubFile) -> Path:
        return self._folder / PurePosixPath(file.name).with_suffix("")

    def _note(self, **changes: object) -> None:
        self._record = dataclasses.replace(self._record, **changes)  # type: ignore[arg-type]
        write_record(self._folder, self._record)


def _is_zip(file: HubFile) -> bool:
    return file.name.lower().endswith(".zip")
