"""The folder of one person that a talking head is trained on, as a list of its files. Pure.

Two layouts are read, each in the folders `full_body_img` and `landmarks`: six digits with .png (or .jpg) and .pkl, as
SyncTalk_2D's document has it and we write it, and numbers without leading zeros with .jpg and .lms, as its code does
(https://github.com/ZiqiaoPeng/SyncTalk_2D). Both count from 0. Files of other names are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array
from services.formats.npy import decode_npy
from services.formats.talker.landmark_pickle import decode_landmarks, decode_lms
from services.formats.talker.landmark_table import decode_table

FRAMES_FOLDER, LANDMARKS_FOLDER = "full_body_img", "landmarks"
LANDMARKS_FILE, SOUND_FILE = "landmarks.npz", "aud.wav"
METADATA_FILE = ".preprocessing_metadata.json"

USUAL_FPS = 25.0
"""Frames a second that the original always makes."""

# Shape of a row: of 25 a second, one a frame. mel is ours; the others are the original's.
ROW_SHAPES: Mapping[str, tuple[int, ...]] = {
    "ave": (512,),
    "hubert": (2, 1024),
    "wenet": (16, 512),
    "mel": (512,),
}
# The names of files by the model; the first one is written.
_FEATURES_FILES = {model: (f"aud_{model}.npy",) for model in ROW_SHAPES} | {"hubert": ("aud_hubert.npy", "aud_hu.npy")}
_FRAME = re.compile(rf"{FRAMES_FOLDER}/(\d{{1,9}})\.(?:png|jpe?g)", re.IGNORECASE)
_LANDMARKS = re.compile(rf"{LANDMARKS_FOLDER}/(\d{{1,9}})\.(?:pkl|lms)", re.IGNORECASE)
# Features may be a few rows longer or shorter: networks lose a row at the ends, sound and pictures end apart.
_MOST_UNPAIRED, _UNPAIRED_SHARE, _FEW_UNPAIRED = 25, 0.1, 2

Read = Callable[[str], bytes]
"""The bytes of a file by its name below the person's folder."""


def fps_of(metadata: object) -> float:
    """Frames a second, as METADATA_FILE says, parsed; USUAL_FPS where it says none that can be."""
    try:
        fps = float(metadata["fps"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return USUAL_FPS
    return fps if 0 < fps < 1000 else USUAL_FPS


def features_file(model: str) -> str:
    """The name under which features are written. Raises KeyError for a model that has none."""
    return _FEATURES_FILES[model][0]


@dataclass(frozen=True)
class TalkerTree:
    """Files of a person, below his folder. frames, landmarks: of each frame, in order, as many as each other.

    features: model -> file. sound, table: aud.wav and landmarks.npz; empty where they are not there.
    """

    frames: tuple[str, ...]
    landmarks: tuple[str, ...]
    features: Mapping[str, str]
    sound: str = ""
    table: str = ""

    def __post_init__(self) -> None:
        if not self.frames or len(self.frames) != len(self.landmarks):
            raise ValueError(f"a tree has as many landmarks as frames, not {len(self.landmarks)}, {len(self.frames)}")


def tree_of(names: Iterable[str]) -> TalkerTree:
    """names: of the files of a person's folder, below it, `/`-separated, in any order.

    Raises BadInput MISSING_OR_EMPTY for a folder without files of its kind, FRAME_MISSING, LANDMARKS_MISSING for a gap
    or an end that the other folder does not have, TWO_OF_A_NUMBER.
    """
    there = sorted(names)
    frames, landmarks = _numbered(there, _FRAME), _numbered(there, _LANDMARKS)
    for folder, found in ((FRAMES_FOLDER, frames), (LANDMARKS_FOLDER, landmarks)):
        if not found:
            raise BadInput(
                "MISSING_OR_EMPTY",
                f"{folder} is missing or empty: preprocess the video, or give the folder of one person",
            )
    num_frames = max((*frames, *landmarks)) + 1
    for reason, folder, found in (
        ("FRAME_MISSING", FRAMES_FOLDER, frames),
        ("LANDMARKS_MISSING", LANDMARKS_FOLDER, landmarks),
    ):
        if len(found) != num_frames:
            gone = next(number for number in range(num_frames) if number not in found)
            raise BadInput(
                reason,
                f"{folder} lacks number {gone} of 0 to {num_frames - 1}, {num_frames - len(found)} in all: copy the "
                "folder again, or preprocess the video again",
            )
    names_there = set(there)
    features = {
        model: next(file for file in files if file in names_there)
        for model, files in _FEATURES_FILES.items()
        if names_there.intersection(files)
    }
    return TalkerTree(
        tuple(frames[number] for number in range(num_frames)),
        tuple(landmarks[number] for number in range(num_frames)),
        features,
        SOUND_FILE if SOUND_FILE in names_there else "",
        LANDMARKS_FILE if LANDMARKS_FILE in names_there else "",
    )


def _numbered(names: Sequence[str], form: re.Pattern[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for name in names:
        if matched := form.fullmatch(name):
            other = found.setdefault(int(matched[1]), name)
            if other != name:
                raise BadInput("TWO_OF_A_NUMBER", f"{other} and {name} are of one frame: remove one of them")
    return found


def points_of(tree: TalkerTree, read: Read) -> Float32Array:
    """The landmarks of all frames, float32 [T, 98 or 110, 2], (x, y) in pixels.

    Raises BadInput UNSAFE_LANDMARKS, BAD_LANDMARKS, and LANDMARKS_DIFFER where a frame has more points than another.
    """
    found: list[Float32Array] = []
    for name in tree.landmarks:
        decode = decode_lms if name.lower().endswith(".lms") else decode_landmarks
        found.append(decode(read(name), name))
        if len(found[-1]) != len(found[0]):
            raise BadInput(
                "LANDMARKS_DIFFER",
                f"{name} holds {len(found[-1])} points, {tree.landmarks[0]} {len(found[0])}: make all of them by one "
                "detector",
            )
    return np.stack(found)


def usable_of(tree: TalkerTree, read: Read) -> npt.NDArray[np.bool_]:
    """Which frames show the face, bool [T]: as the table of landmarks says, all where there is none.

    Raises BadInput BAD_TABLE, also for a table of another number of frames.
    """
    if not tree.table:
        return np.ones(len(tree.frames), np.bool_)
    usable_T = decode_table(read(tree.table)).usable_T
    if len(usable_T) != len(tree.frames):
        raise BadInput(
            "BAD_TABLE",
            f"{tree.table} is of {len(usable_T)} frames, the folder of {len(tree.frames)}: preprocess the video again",
        )
    return usable_T


def features_of(tree: TalkerTree, model: str, read: Read) -> Float32Array:
    """The features of the sound by a model, float32 [R, ...], R as `num_usable` takes it.

    Raises BadInput NO_AUDIO_FEATURES, BAD_NPY, OTHER_FEATURES for rows of another model, FEATURES_NOT_FINITE,
    FEATURES_LENGTH.
    """
    if model not in tree.features:
        there = ", ".join(sorted(tree.features.values())) or "none"
        wanted = " or ".join(_FEATURES_FILES.get(model, (f"aud_{model}.npy",)))
        raise BadInput(
            "NO_AUDIO_FEATURES",
            f"{wanted} is not there (features that are: {there}): preprocess the video with --asr_model {model}, or "
            "name the model of a file that is there",
        )
    file = tree.features[model]
    rows = decode_npy(read(file))
    if rows.dtype.kind != "f" or rows.shape[1:] != ROW_SHAPES[model]:
        shape = ", ".join(map(str, ROW_SHAPES[model]))
        raise BadInput(
            "OTHER_FEATURES",
            f"{file} holds {rows.dtype} {list(rows.shape)}; features of {model} are float32 [frames, {shape}]: "
            f"preprocess the video with --asr_model {model}",
        )
    if not np.isfinite(rows).all():
        raise BadInput(
            "FEATURES_NOT_FINITE",
            f"{file} holds NaN or infinite numbers, of which nothing can be learnt: preprocess the video with "
            f"--asr_model {model}",
        )
    num_usable(len(tree.frames), len(rows), file)
    return rows.astype(np.float32, copy=False)


def num_usable(num_frames: int, num_rows: int, file: str) -> int:
    """How many frames have both a picture and a row: the first of them.

    Raises BadInput FEATURES_LENGTH where so many rows are missing or left over that they are of another sound or rate:
    more than 25, or than a tenth of the frames (but 2 at least).
    """
    most = max(_FEW_UNPAIRED, min(_MOST_UNPAIRED, int(num_frames * _UNPAIRED_SHARE)))
    if abs(num_frames - num_rows) > most or num_rows == 0:
        raise BadInput(
            "FEATURES_LENGTH",
            f"{file} has {num_rows} rows for {num_frames} frames, and may differ by {most}: features of this video "
            "have a row a frame; preprocess it again",
        )
    return min(num_frames, num_rows)
