"""How the files of a person's folder are called, by whoever writes them and whoever looks for them. Pure."""

from __future__ import annotations

from services.formats.talker.tree import (
    FRAMES_FOLDER,
    LANDMARKS_FILE,
    LANDMARKS_FOLDER,
    SOUND_FILE,
    features_file,
)

__all__ = [
    "FRAMES_FOLDER",
    "LANDMARKS_FILE",
    "LANDMARKS_FOLDER",
    "SOUND_FILE",
    "features_file",
    "frame_file",
    "landmarks_file",
    "output_name",
]


def frame_file(number: int, frame_format: str) -> str:
    """`full_body_img/000007.png`. frame_format: png or jpg, the ending."""
    return f"{FRAMES_FOLDER}/{number:06d}.{frame_format}"


def landmarks_file(number: int) -> str:
    """`landmarks/000007.pkl`."""
    return f"{LANDMARKS_FOLDER}/{number:06d}.pkl"


def output_name(clip_name: str, file: str) -> str:
    """The output file that a file of a clip's product becomes: itself, since the output is the person's folder."""
    del clip_name
    return file
