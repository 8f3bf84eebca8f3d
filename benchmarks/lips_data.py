"""Clips of Chinese-LiPS as frames: records of `visemill run lips` against videos, and against an OpenCV loader.

python benchmarks/lips_data.py [--clips 24] [--seconds 3]

The OpenCV loader is that of the baseline trainer in its steps: cv2.VideoCapture, grey, size, float32 over 255. A
training leaves the last of these to the device; beside it records with that step, as torch takes it. All of one run,
one thread each; frames per second of one core, and ratios to OpenCV.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from services.base.media.clip import Clip, ClipAttributes, Media
from services.base.store.open import open_store
from services.corpus.mandarin import LipsTake, draw_texts
from services.formats.lips_clips import CLIPS_FILE, LipsClipRow, encode_clips
from services.formats.tfrecord import write_record
from services.records.lips.stage import record_bytes
from services.training.data.lips.clips import LipsClip
from services.training.data.lips.reading import Reading
from services.training.data.lips.records import clips_of_records
from services.training.data.lips.video_frames import VideoFrames
from services.training.data.lips.videos import frames_of
from services.training.data.records.opening import RecordsSettings, open_records

READING = Reading(96, 96, 25.0, "time", 500)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=3.0)
    flags = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        clips, num_frames = made(root, flags.clips)
        videos = VideoFrames(open_store(str(root)), READING, "drop")
        records = open_records(open_store(str(root / "made")), RecordsSettings(str(root / "state")))
        of_record, read_record, _ = clips_of_records(records, READING)
        paths = [str(root / clip.name) for clip in clips]
        found = {
            "OpenCV, as the baseline": rate(lambda: [by_opencv(path) for path in paths], num_frames, flags.seconds),
            "videos, as a training reads them": rate(lambda: [videos(c) for c in clips], num_frames, flags.seconds),
            "records": rate(lambda: [read_record(c) for c in of_record["train"]], num_frames, flags.seconds),
            "records, float32 over 255": rate(
                lambda: [torch.from_numpy(read_record(c)).float().mul_(1 / 255) for c in of_record["train"]],
                num_frames,
                flags.seconds,
            ),
        }
    base = found["OpenCV, as the baseline"]
    print(f"{len(clips)} clips of 96x96 px, {num_frames} frames\n")
    print(f"{'':<34}{'frames/s':>12}{'ratio':>9}")
    for name, frames_a_second in found.items():
        print(f"{name:<34}{frames_a_second:>12,.0f}{frames_a_second / base:>9.1f}")


def made(root: Path, num_clips: int) -> tuple[list[LipsClip], int]:
    """Videos below root, and records of their frames below root/made."""
    (root / "made").mkdir()
    clips, rows = [], []
    with (root / "made/train-00000-of-00001.tfrecord").open("wb") as file:
        for number, text in enumerate(draw_texts(0, 1, num_clips), 1):
            take = LipsTake(0, 1, number, text)
            content, name = take.media(), f"{take.key}.mp4"
            (root / name).write_bytes(content)
            media = Media.of_bytes(name, content)
            frames_THW = frames_of(media, READING)
            clips.append(LipsClip(take.key, "101", take.topic, text, name, media.sha256, len(frames_THW)))
            clip = Clip(take.key, take.key, "101", name, attributes=ClipAttributes(text, "zh"))
            write_record(file, record_bytes(clip, frames_THW[..., None]))
            rows.append(LipsClipRow(take.key, "train", 0, number - 1, "101", take.topic, text, len(frames_THW), name))
    (root / "made" / CLIPS_FILE).write_bytes(encode_clips(rows))
    return clips, sum(clip.num_frames for clip in clips)


def by_opencv(path: str) -> np.ndarray:
    """float32 [T, 96, 96]."""
    video, frames = cv2.VideoCapture(path), []
    while True:
        is_there, frame_HWC = video.read()
        if not is_there:
            break
        frames.append(cv2.resize(cv2.cvtColor(frame_HWC, cv2.COLOR_BGR2GRAY), (96, 96)).astype(np.float32) / 255.0)
    return np.stack(frames)


def rate(read: Callable[[], object], num_frames: int, seconds: float) -> float:
    """Frames a second, of as many rounds as there is time for after one that warms up."""
    read()
    began_s, rounds = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        read()
        rounds += 1
    return rounds * num_frames / (time.perf_counter() - began_s)


if __name__ == "__main__":
    main()
