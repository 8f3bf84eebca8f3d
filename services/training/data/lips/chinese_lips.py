"""I/O: a Chinese-LiPS data set as data to learn from: its tables read, its videos found, split, and checked."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.base.digest import digest_of
from services.base.errors import BadConfig
from services.base.store.interface import Entry, NotThere, ReadableStore
from services.base.store.open import open_store
from services.formats.lips_clips import CLIPS_FILE
from services.training.data.lips.clips import FramesOf, LipsClip, LipsClips
from services.training.data.lips.licence import is_licensed, require_licence
from services.training.data.lips.locating import LeftOutRow, VideoFiles, located
from services.training.data.lips.reading import Reading, Unreadable
from services.training.data.lips.records import clips_of_records
from services.training.data.lips.table import TABLES, LipsRow, read_tables
from services.training.data.lips.video_frames import VideoFrames
from services.training.data.lips.video_index import VideoIndex, open_video_index
from services.training.data.records.opening import RecordsSettings, open_records
from services.training.data.sharing import SplitClip, shared_contents, shared_speakers
from services.training.data.splitting import set_apart

_log = logging.getLogger("visemill.training.data")
_STATE = ".visemill/"
# Mouths of the processed data set are 96x96 px, and trainers of others take up to 128.
_MOST_MOUTH_PX = 160


@dataclass(frozen=True)
class LipsSettings:
    """data_root: a folder or an S3 prefix. state_root: where the index of videos and the acceptance of the licence are
    kept. reading: how videos become frames. folders: split -> the folder of its videos. unreadable: of videos that
    break while they are decoded. val_share: of each speaker's training clips, for validation where no table has any,
    drawn from seed. makes_index: whether the index is made here; else it is waited for. asks_licence: whether the
    licence must have been accepted. cache_mib: of records of a bucket that are kept on this machine.
    """

    data_root: str
    state_root: str
    reading: Reading
    folders: Mapping[str, str]
    unreadable: Unreadable = "drop"
    val_share: float = 0.1
    seed: int = 1
    allow_leak: bool = False
    accept_licence: bool = False
    asks_licence: bool = True
    makes_index: bool = True
    cache_mib: int = 4096


@dataclass(frozen=True)
class LipsData:
    """train, val, test: their clips; val and test may have none. digest: of the data set, however it is read. left_out:
    lines without a clip. notes: what its user should hear. is_licensed: whether what is made of it falls under the
    licence of Chinese-LiPS. leaks: contents that stand in two splits, in words.
    """

    train: LipsClips
    val: LipsClips
    test: LipsClips
    digest: str
    left_out: Sequence[LeftOutRow] = ()
    notes: Sequence[str] = ()
    leaks: Sequence[str] = ()
    is_licensed: bool = True

    def split(self, name: str) -> LipsClips:
        """train, val or test."""
        return {"train": self.train, "val": self.val, "test": self.test}[name]


def open_chinese_lips(settings: LipsSettings) -> LipsData:
    """The tables and videos of data_root, or what `visemill run lips` has made of them.

    Raises BadConfig NO_TRAIN_CLIPS, CSV_COLUMNS, LICENCE_NOT_ATTESTED, CONTENT_LEAK, and of records OTHER_RATE,
    DATA_CHANGED, NOT_FINISHED, SHARDS_MISSING; BadShard TOO_MANY_FAILURES; Transient; as the stores do.
    """
    data = open_store(settings.data_root, must_exist=True)
    if settings.asks_licence:
        require_licence(data, open_store(settings.state_root), accepted=settings.accept_licence)
    found = _of_records(data, settings) if data.stat(CLIPS_FILE) else _of_videos(data, settings)
    clips, notes = found.clips, list(found.notes)
    if not clips.get("val") and settings.val_share:
        clips["train"], clips["val"] = _apart(clips["train"], settings)
        notes.append(
            f"{data.uri} has no clips to validate on: {len(clips['val'])} training clips are set apart, "
            f"{settings.val_share:g} of each speaker's"
        )
    leaks = _leaks(clips, settings, notes)
    digest = digest_of([[split, *clip[:6]] for split in sorted(clips) for clip in clips[split]])
    if found.left_out:
        notes.append(f"{len(found.left_out)} lines of the tables are left out: {_counted(found.left_out)}")
    for note in notes:
        _log.warning("%s", note)
    parts = {
        split: LipsClips(
            clips.get(split, ()),
            found.frames_of,
            settings.reading,
            digest_of([digest, split, list(settings.reading), settings.unreadable]),
        )
        for split in TABLES
    }
    return LipsData(
        parts["train"],
        parts["val"],
        parts["test"],
        digest,
        tuple(found.left_out),
        tuple(notes),
        tuple(leaks),
        is_licensed(data),
    )


class _Found(NamedTuple):
    """clips: of each split; train has some."""

    clips: dict[str, list[LipsClip]]
    frames_of: FramesOf
    left_out: Sequence[LeftOutRow]
    notes: Sequence[str]


def _of_records(data: ReadableStore, settings: LipsSettings) -> _Found:
    records = open_records(
        data, RecordsSettings(settings.state_root, cache_mib=settings.cache_mib, makes_index=settings.makes_index)
    )
    clips, frames_of, left_out = clips_of_records(records, settings.reading)
    if not clips["train"]:
        raise BadConfig(
            "NO_TRAIN_CLIPS", f"{data.uri} has no training clip ({_counted(left_out) or 'its table has none'})"
        )
    return _Found(clips, frames_of, left_out, ())


def _of_videos(data: ReadableStore, settings: LipsSettings) -> _Found:
    tables, notes = _tables(data)
    entries = {entry.name: entry for entry in data.list() if not entry.name.startswith(_STATE)}
    files = VideoFiles(entries)
    if not len(files):
        raise BadConfig("NO_TRAIN_CLIPS", f"{data.uri} holds no video{_packed(entries)}")
    found: dict[str, list[tuple[LipsRow, str]]] = {}
    left_out: list[LeftOutRow] = []
    for split, rows in tables.items():
        found[split], unusable = located(split, rows, files, settings.folders[split])
        left_out += unusable
    videos = [entries[name] for name in sorted({name for rows in found.values() for _, name in rows})]
    index = open_video_index(data, videos, open_store(settings.state_root), makes=settings.makes_index)
    clips = {split: _clips(split, rows, index, settings.reading, left_out) for split, rows in found.items()}
    if not clips.get("train"):
        raise BadConfig(
            "NO_TRAIN_CLIPS",
            f"{data.uri} has no clip of {TABLES['train']} with a video and a text{_packed(entries)}: "
            f"{_counted(left_out) or 'the table has no lines'}",
        )
    frames_of = VideoFrames(data, settings.reading, settings.unreadable)
    return _Found(clips, frames_of, left_out, (*notes, *_of_whole_faces(index)))


def _tables(data: ReadableStore) -> tuple[dict[str, Sequence[LipsRow]], list[str]]:
    tables, notes = read_tables(lambda name: _read(data, name))
    if "train" not in tables:
        raise BadConfig(
            "NO_TRAIN_CLIPS",
            f"{data.uri} has no {TABLES['train']}: give the folder that holds the tables of the data set",
        )
    return tables, notes


def _read(data: ReadableStore, name: str) -> bytes | None:
    try:
        return data.read(name)
    except NotThere:
        return None


def _packed(entries: Mapping[str, Entry]) -> str:
    zips = sorted(name for name in entries if name.lower().endswith(".zip"))
    return f"; {', '.join(zips[:3])} must be unpacked first" if zips else ""


def _clips(
    split: str,
    rows: Sequence[tuple[LipsRow, str]],
    index: VideoIndex,
    reading: Reading,
    left_out: list[LeftOutRow],
) -> list[LipsClip]:
    clips = []
    for row, name in rows:
        known = index.of[name]
        if known.length is None:
            left_out.append(LeftOutRow(row.key, split, row.line, known.reason, known.message))
            continue
        num_frames = known.length.at(reading.fps, reading.resample)
        clips.append(LipsClip(row.key, row.speaker, row.topic, row.text, name, known.sha256, num_frames))
    return clips


def _apart(clips: Sequence[LipsClip], settings: LipsSettings) -> tuple[list[LipsClip], list[LipsClip]]:
    contents = [bytes.fromhex(clip.sha256) for clip in clips]
    chosen = set_apart([clip.speaker for clip in clips], contents, settings.val_share, settings.seed)
    return [c for i, c in enumerate(clips) if i not in chosen], [c for i, c in enumerate(clips) if i in chosen]


def _leaks(clips: Mapping[str, Sequence[LipsClip]], settings: LipsSettings, notes: list[str]) -> list[str]:
    """Raises BadConfig CONTENT_LEAK."""
    notes += shared_speakers({split: [clip.speaker for clip in some] for split, some in clips.items() if some})
    leaks = shared_contents(
        SplitClip(clip.key, split, clip.speaker, bytes.fromhex(clip.sha256))
        for split, some in clips.items()
        for clip in some
    )
    if leaks and not settings.allow_leak:
        raise BadConfig(
            "CONTENT_LEAK",
            f"{len(leaks)} videos stand in two splits, the first {leaks[0]}: take them out of one, or --allow-leak",
        )
    return leaks


def _of_whole_faces(index: VideoIndex) -> list[str]:
    """A warning where videos show more than a mouth, as far as their size tells."""
    sizes = Counter(
        (one.length.width_px, one.length.height_px)
        for one in index.of.values()
        if one.length is not None and max(one.length.width_px, one.length.height_px) > _MOST_MOUTH_PX
    )
    if not sizes:
        return []
    (width_px, height_px), _ = sizes.most_common(1)[0]
    many = f"{sum(sizes.values())} of {len(index.of)} videos"
    return [
        f"{many} are not of a mouth's size, most of them {width_px}x{height_px} px: the whole picture is shrunk, and "
        "little of the lips is left. Take the processed videos, of 96x96 px"
    ]


def _counted(left_out: Sequence[LeftOutRow]) -> str:
    counts = Counter(one.reason for one in left_out)
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
