"""Points of a talking head's clip: followed between searches, against a search and points in every frame.

    VISEMILL_MODELS=FOLDER python benchmarks/talker_landmarks.py VIDEO... [--frames N]

Prints, of each clip, CPU ms a frame of both, how many times faster following is, and how far its points lie from the
searched ones, over the distance of the outer corners of the eyes.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from pathlib import Path

import av
import numpy as np

from services.base.media.arrays import UInt8Array
from services.base.media.points import Landmarks
from services.base.media.video import FrameChunk
from services.landmarks.spec import LandmarksConfig
from services.landmarks.stage import open_backend

_CHUNK_FRAMES = 16


def _frames(path: Path, num: int) -> UInt8Array:
    with av.open(str(path)) as container:
        frames = itertools.islice(container.decode(video=0), num)
        return np.stack([frame.to_ndarray(format="rgb24") for frame in frames])


def _found(frames_THWC: UInt8Array, config: LandmarksConfig) -> tuple[Landmarks, float]:
    """Points, and CPU ms a frame."""
    track = open_backend(config).track(frames_THWC.shape[2], frames_THWC.shape[1])
    start_s = time.process_time()
    for first in range(0, len(frames_THWC), _CHUNK_FRAMES):
        part = frames_THWC[first : first + _CHUNK_FRAMES]
        track.push(FrameChunk(first, part, (first + np.arange(len(part))) / 25))
    return track.finish(), (time.process_time() - start_s) * 1000 / len(frames_THWC)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=200, help="of each clip, at most (default: %(default)s)")
    flags = parser.parse_args()
    sys.stdout.write("| clip | every frame, ms | followed, ms | times | error, mean % | error, worst frame % |\n")
    sys.stdout.write("|---|---|---|---|---|---|\n")
    for path in flags.videos:
        frames_THWC = _frames(path, flags.frames)
        searched, searched_ms = _found(frames_THWC, LandmarksConfig("pfld", mode="per-frame"))
        followed, followed_ms = _found(frames_THWC, LandmarksConfig("pfld"))
        corners = searched.group("outer_eye_corners")
        eyes_T = np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1)
        error_T = np.linalg.norm(followed.points_TNC - searched.points_TNC, axis=2).mean(axis=1) / eyes_T * 100
        sys.stdout.write(
            f"| {path.name} | {searched_ms:.1f} | {followed_ms:.1f} | {searched_ms / followed_ms:.1f} | "
            f"{np.nanmean(error_T):.2f} | {np.nanmax(error_T):.2f} |\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
