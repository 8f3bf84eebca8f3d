"""A child with the real stage `talkerfiles` behind made frames, landmarks, sound and features.

`python talker_services.py child FD`. The clip's bytes are words: `frames=N`, `at=K` the frame before which it does
`do=killed|bad` (with `once=FILE` only the first time, told by a file that it leaves behind).
"""

import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.base.errors import BadInput
from services.base.media.audio import AlignedSound
from services.base.media.features import AudioFeatures
from services.base.media.points import Landmarks
from services.base.media.topology import PFLD_110
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.sandbox.child import child_main
from services.base.stage.clip_pass import BoundStage
from services.base.stage.config import config_from_mapping
from services.base.stage.spec import StageSpec
from services.records.talker.spec import SPEC
from services.records.talker.stage import open_stage as open_talkerfiles

SIZE_PX, FPS, CHUNK_FRAMES = 64, 25.0, 4


@dataclass(frozen=True)
class NoSettings:
    pass


def words_of(data: bytes) -> dict[str, str]:
    return dict(word.split("=", 1) for word in data.decode().split())


def frame(t: int) -> np.ndarray:
    return np.random.default_rng(t).integers(0, 256, (SIZE_PX, SIZE_PX, 3), np.uint8)


def landmarks_of(num_frames: int) -> Landmarks:
    """A face in the middle that moves by a pixel a frame to and fro."""
    points_TNC = np.full((num_frames, 110, 2), 30.0, np.float32)
    aside_T = np.arange(num_frames) % 3
    points_TNC[:, 1, 0], points_TNC[:, 31, 0], points_TNC[:, 52, 1] = 16 + aside_T, 44 + aside_T, 20
    return Landmarks(
        PFLD_110, points_TNC, np.ones(num_frames, np.float32), np.ones(num_frames, np.uint8), SIZE_PX, SIZE_PX
    )


class Frames:
    info = VideoInfo(SIZE_PX, SIZE_PX, 0, FPS, 0, 0.0, "made", "rgb24")

    def __init__(self, words: dict[str, str]) -> None:
        self.words, self.num_frames = words, int(words["frames"])

    def __iter__(self):
        for first in range(0, self.num_frames, CHUNK_FRAMES):
            places = range(first, min(first + CHUNK_FRAMES, self.num_frames))
            if int(self.words.get("at", -1)) in places:
                self.obey()
            yield FrameChunk(first, np.stack([frame(t) for t in places]), np.array(places) / FPS)

    def obey(self) -> None:
        marker = self.words.get("once")
        if marker and Path(marker).exists():
            return
        if marker:
            Path(marker).touch()
        if self.words["do"] == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise BadInput("TRUNCATED", "the file ends here")

    def facts(self):
        return DecodeFacts(self.num_frames, num_decoded=self.num_frames)


@contextmanager
def source(media, max_frames=None):
    yield Frames(words_of(media.data))


class Making:
    wants = frozenset()

    def __init__(self, job, info):
        self.num_frames = int(words_of(job.media.data)["frames"])

    def push(self, chunk):
        raise AssertionError

    def finish(self, given):
        samples_T = np.arange(self.num_frames * 640, dtype=np.int64).astype(np.int16)
        return {
            "landmarks": landmarks_of(self.num_frames),
            "aligned_sound": AlignedSound(samples_T, 16_000, self.num_frames, FPS),
            "audio_features": AudioFeatures("ave", "seeded:0", np.ones((self.num_frames, 512), np.float32), FPS),
        }


def open_stage(name, config, target, configs):
    if name == "talkerfiles":
        return BoundStage(SPEC, open_talkerfiles(config_from_mapping(SPEC.config, config)))
    if name == "frames":
        return BoundStage(StageSpec("frames", 1, NoSettings, (), ("frames",)), source)
    made = ("landmarks", "aligned_sound", "audio_features")
    types = dict(zip(made, (Landmarks, AlignedSound, AudioFeatures), strict=True))
    return BoundStage(StageSpec("making", 1, NoSettings, (), made, artifacts=types), Making)


if __name__ == "__main__":
    sys.exit(child_main(int(sys.argv[2]), open_stage))
