"""I/O: clips that `visemill run lips` has made: which record holds which, and its frames."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from services.base.errors import BadConfig
from services.base.store.interface import NotThere, ReadableStore
from services.formats.lips_clips import CLIPS_FILE, META_FILE, LipsClipRow, read_clips
from services.training.data.lips.clips import LipsClip
from services.training.data.lips.locating import LeftOutRow
from services.training.data.lips.reading import Reading
from services.training.data.lips.videos import of_size
from services.training.data.records.opening import OpenedRecords
from services.training.data.records.shards import SPLITS


class RecordFrames:
    """Read from where they lie in their records. Thread-safe."""

    def __init__(self, records: OpenedRecords, reading: Reading, place_of: Mapping[str, int]) -> None:
        """place_of: key of a clip -> its place in the index."""
        self._records, self._reading, self._place_of = records, reading, place_of

    def __call__(self, clip: LipsClip) -> npt.NDArray[np.uint8]:
        """uint8 [T, H, W]. Raises BadInput CORRUPT_RECORD, BadConfig DATA_CHANGED, Transient."""
        place, reading = self._place_of[clip.key], self._reading
        height, width = (int(side) for side in self._records.index.shape_N4[place, 1:3])
        frames_THWC = np.empty((min(clip.num_frames, reading.max_frames), height, width, 1), np.uint8)
        self._records.files.read(place, 0, frames_THWC)
        if (height, width) == (reading.height_px, reading.width_px):
            return frames_THWC[..., 0]
        return np.stack([of_size(frame_HWC[..., 0], reading) for frame_HWC in frames_THWC])


def clips_of_records(
    records: OpenedRecords, reading: Reading
) -> tuple[dict[str, list[LipsClip]], RecordFrames, list[LeftOutRow]]:
    """The clips of each split, their frames, and what cannot be read. Raises BadConfig OTHER_RATE, BAD_META,
    DATA_CHANGED; BadInput BAD_CLIPS.
    """
    _require_rate(records.data, reading)
    index = records.index
    where = zip(index.file_N.tolist(), index.position_N.tolist(), strict=True)
    places = {
        (records.shards[file].split, records.shards[file].number, position): place
        for place, (file, position) in enumerate(where)
    }
    contents, num_frames = index.contents(), index.num_frames_N.tolist()
    lost = {(records.shards[d.file].split, records.shards[d.file].number, d.position): d for d in index.damages}
    clips: dict[str, list[LipsClip]] = {split: [] for split in SPLITS}
    place_of: dict[str, int] = {}
    left_out: list[LeftOutRow] = []
    rows = sorted(read_clips(records.data.read(CLIPS_FILE)), key=lambda row: row.key)
    for line, row in enumerate(rows, 1):
        place = places.get((row.split, row.shard, row.position))
        if place is None:
            damage = lost.get((row.split, row.shard, row.position))
            reason, message = (damage.reason, damage.message) if damage else ("HIDDEN", _hidden(row))
            left_out.append(LeftOutRow(row.key, row.split, line, reason, message))
            continue
        place_of[row.key] = place
        name = f"{index.files[int(index.file_N[place])].name}#{row.position}"
        clips[row.split].append(
            LipsClip(row.key, row.speaker, row.topic, row.text, name, contents[place].hex(), num_frames[place])
        )
    _require_same(records, rows, place_of)
    return clips, RecordFrames(records, reading, place_of), left_out


def _hidden(row: LipsClipRow) -> str:
    return f"record {row.position} of shard {row.shard} of {row.split} cannot be found behind one that is damaged"


def _require_same(records: OpenedRecords, rows: Sequence[LipsClipRow], place_of: Mapping[str, int]) -> None:
    """Raises BadConfig DATA_CHANGED where the table is not of these records."""
    ids = records.index.texts("utterance_id")
    other = next((row.key for row in rows if row.key in place_of and ids[place_of[row.key]] != row.key), None)
    if other is not None:
        raise BadConfig(
            "DATA_CHANGED",
            f"{CLIPS_FILE} in {records.data.uri} names {other} where a record is of {ids[place_of[other]]}: they are "
            "of two runs, make them again or copy the data set whole",
        )


def meta_of(data: ReadableStore) -> Mapping[str, object]:
    """What meta.json says; nothing where there is none. Raises BadConfig BAD_META."""
    try:
        found = json.loads(data.read(META_FILE))
        if not isinstance(found, dict):
            raise ValueError("it is no object")
    except NotThere:
        return {}
    except ValueError as error:
        raise BadConfig("BAD_META", f"{META_FILE} in {data.uri} cannot be read ({error}): restore it") from error
    return found


def _require_rate(data: ReadableStore, reading: Reading) -> None:
    fps = meta_of(data).get("fps", reading.fps)
    if fps != reading.fps:
        raise BadConfig(
            "OTHER_RATE",
            f"records in {data.uri} have {fps} frames a second, and fps is {reading.fps:g}: say --fps {fps}, or make "
            "them again by `visemill run lips --fps`",
        )
