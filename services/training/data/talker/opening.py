"""I/O: persons' folders, of either layout, as data."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from services.base.digest import digest_of
from services.base.errors import BadConfig, BadInput
from services.base.media.arrays import Float32Array
from services.base.run.paths import STATE_DIR
from services.base.store.interface import Entry, NotThere, ReadableStore
from services.base.store.open import join_uri, open_store
from services.formats.talker.tree import (
    METADATA_FILE,
    USUAL_FPS,
    TalkerTree,
    features_of,
    fps_of,
    points_of,
    tree_of,
    usable_of,
)
from services.lips.picture import picture_of
from services.lips.talker_crop import boxes_of
from services.lips.talker_input import loud_frames
from services.training.data.talker.asr_choice import chosen_model
from services.training.data.talker.crop_cache import PictureFile, cache_digest, open_crops
from services.training.data.talker.mouths import mouths_of
from services.training.data.talker.person import Person
from services.training.data.talker.whole_frame import WholeFrame, face_around

_SCRATCH_NAME = "visemill-crops"

T = TypeVar("T")


class PersonFolder:
    """A person's folder, listed. Raises BadInput as `tree_of`, with the person's name."""

    def __init__(self, root: str, name: str) -> None:
        self.name = name
        self._store: ReadableStore = open_store(join_uri(root, name), must_exist=True)
        self._entries = {e.name: e for e in self._store.list() if not e.name.startswith(f"{STATE_DIR}/")}
        self.tree: TalkerTree = _named(name, lambda: tree_of(self._entries))

    @property
    def asr_models(self) -> frozenset[str]:
        """Whose features are there."""
        return frozenset(self.tree.features)

    @property
    def fps(self) -> float:
        """As its metadata say; else what the original always makes."""
        try:
            return fps_of(json.loads(self._store.read(METADATA_FILE)))
        except (NotThere, BadInput, ValueError, RecursionError):
            return USUAL_FPS

    def open(self, asr_model: str, crop_px: int, scratch: Path) -> Person:
        """Its data. scratch: where crops are kept of a folder that lies on no disk. Raises BadInput of its files."""
        return _named(self.name, lambda: self._open(asr_model, crop_px, scratch))

    def _open(self, asr_model: str, crop_px: int, scratch: Path) -> Person:
        read = self._store.read
        usable_N = usable_of(self.tree, read)
        points_TNC = points_of(self.tree, read)
        pictures = _pictures(self.tree, self._entries, points_TNC, usable_N)
        usable_N = np.array([picture.box is not None for picture in pictures])
        rows_TX = features_of(self.tree, asr_model, read)
        crops_NHWC = open_crops(self._cache_folder(scratch), pictures, read, crop_px, self.name)
        digest = digest_of(
            {
                "crops": cache_digest([_without_time(one) for one in pictures], crop_px),
                "rows": hashlib.sha256(np.ascontiguousarray(rows_TX).tobytes()).hexdigest(),
            }
        )
        boxes = [picture.box for picture in pictures]
        mouths_N4 = mouths_of(points_TNC, boxes, crop_px)
        voiced_N = self._voiced(len(pictures))
        return Person(self.name, asr_model, crops_NHWC, rows_TX, usable_N, voiced_N, digest, mouths_N4)

    def whole_frames(self) -> Callable[[int], WholeFrame]:
        """Frames by their numbers, each read when it is asked for, of those that may be used. Raises BadInput of its
        files, then and now.
        """
        read, tree = self._store.read, self.tree
        points_TNC = _named(self.name, lambda: points_of(tree, read))
        boxes = boxes_of(points_TNC, _named(self.name, lambda: usable_of(tree, read)))

        def at(frame: int) -> WholeFrame:
            box = boxes[frame]
            if box is None:
                raise ValueError(f"{self.name} has no face in frame {frame}: ask for those that may be used")
            picture_HWC = _named(self.name, lambda: picture_of(read(tree.frames[frame]), tree.frames[frame]))
            return WholeFrame(picture_HWC, box, face_around(points_TNC[frame]))

        return at

    def _cache_folder(self, scratch: Path) -> Path:
        uri = self._store.uri
        return scratch / hashlib.sha256(uri.encode()).hexdigest()[:16] if "://" in uri else Path(uri) / STATE_DIR

    def _voiced(self, num_frames: int) -> npt.NDArray[np.bool_]:
        """All frames, where there is no sound to tell."""
        if not self.tree.sound:
            return np.ones(num_frames, np.bool_)
        try:
            with wave.open(io.BytesIO(self._store.read(self.tree.sound))) as sound:
                if (sound.getnchannels(), sound.getsampwidth()) != (1, 2):
                    raise wave.Error(f"{sound.getnchannels()} channels of {sound.getsampwidth()} bytes")
                samples_T = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
                # Closed lips in silence are told from talking ones by anybody.
                return loud_frames(samples_T, sound.getframerate(), num_frames, self.fps)
        except (wave.Error, EOFError) as error:
            raise BadInput(
                "BAD_SOUND", f"{self.tree.sound} is no WAV of one channel of 16 bits ({error}): preprocess it again"
            ) from error


def open_persons(
    root: str, names: Sequence[str], asr_model: str, crop_px: int, scratch: Path | None = None
) -> tuple[list[Person], float]:
    """The persons, and their frames a second. names: of folders below root; none: all that are there. asr_model: empty:
    hubert where all have it, else the one that all have. scratch: where crops are kept of folders that lie on no disk;
    None: below the folder of temporary files.

    Raises BadConfig NO_PERSONS, NO_AUDIO_FEATURES, OTHER_FPS; BadInput of a folder.
    """
    folders = [PersonFolder(root, name) for name in dict.fromkeys(names or names_below(root))]
    if not folders:
        raise BadConfig("NO_PERSONS", f"{root} holds no person's folder: make one by `visemill run talker`")
    if len(rates := {folder.fps for folder in folders}) > 1:
        shown = ", ".join(f"{rate:g}" for rate in sorted(rates))
        raise BadConfig("OTHER_FPS", f"persons have {shown} frames a second: preprocess all with one --fps")
    chosen = chosen_model({folder.name: folder.asr_models for folder in folders}, asr_model)
    scratch = scratch or Path(tempfile.gettempdir()) / _SCRATCH_NAME
    return [folder.open(chosen, crop_px, scratch) for folder in folders], rates.pop()


def names_below(root: str) -> list[str]:
    """Names of the folders below a root that hold pictures of a person, sorted."""
    store = open_store(root, must_exist=True)
    parts = (entry.name.split("/") for entry in store.list())
    return sorted({one[0] for one in parts if len(one) == 3 and one[1] == "full_body_img"})


def _pictures(
    tree: TalkerTree, entries: dict[str, Entry], points_TNC: Float32Array, usable_N: npt.NDArray[np.bool_]
) -> list[PictureFile]:
    return [
        PictureFile(name, entries[name].size_bytes, entries[name].version, box)
        for name, box in zip(tree.frames, boxes_of(points_TNC, usable_N), strict=True)
    ]


def _without_time(picture: PictureFile) -> PictureFile:
    """A folder that was copied is the same data."""
    return PictureFile(picture.name.rpartition("/")[2].partition(".")[0].lstrip("0"), 0, "", picture.box)


def _named(name: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except BadInput as error:
        raise BadInput(error.reason, f"{name}: {error.message}", error.detail) from error
