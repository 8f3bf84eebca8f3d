"""The stage hands a clip's frames to the backend in order, and says what is wrong with a clip that it cannot take."""

import numpy as np
import pytest

from services.base.errors import BadConfig, BadInput
from services.base.media.clip import Clip, Media
from services.base.media.points import Landmarks
from services.base.media.topology import IBUG_68
from services.base.media.video import FrameChunk, VideoInfo
from services.base.stage.spec import ClipJob
from services.landmarks import stage
from services.landmarks.face.backend import FaceTrack
from services.landmarks.spec import LandmarksConfig

JOB = ClipJob(Clip("s1/bbaf2n", "bbaf2n", "s1", "s1/bbaf2n.mpg"), Media.of_bytes("bbaf2n.mpg", b"media"))


class CountingTrack:
    def __init__(self, width_px: int, height_px: int) -> None:
        self.size_px = (width_px, height_px)
        self.first_pixels: list[int] = []

    def push(self, chunk: FrameChunk) -> None:
        self.first_pixels += [int(frame[0, 0, 0]) for frame in chunk.frames_THWC]

    def finish(self) -> Landmarks:
        num_frames = len(self.first_pixels)
        points_TNC = np.zeros((num_frames, 68, 2), np.float32)
        points_TNC[:, 0, 0] = self.first_pixels
        return Landmarks(
            IBUG_68, points_TNC, np.ones(num_frames, np.float32), np.ones(num_frames, np.uint8), *self.size_px
        )


class CountingBackend:
    topology = IBUG_68

    def __init__(self) -> None:
        self.models = {"none": "0"}
        self.tracks: list[CountingTrack] = []

    def track(self, width_px: int, height_px: int) -> FaceTrack:
        self.tracks.append(CountingTrack(width_px, height_px))
        return self.tracks[-1]


def chunk(first_index: int, num_frames: int, width_px: int = 36, height_px: int = 28) -> FrameChunk:
    frames_THWC = np.empty((num_frames, height_px, width_px, 3), np.uint8)
    frames_THWC[:] = np.arange(first_index, first_index + num_frames, dtype=np.uint8)[:, None, None, None]
    return FrameChunk(first_index, frames_THWC, np.arange(num_frames) / 25.0)


def info(width_px: int = 36, height_px: int = 28) -> VideoInfo:
    return VideoInfo(width_px, height_px, 0, 25.0, 75, 3.0, "mpeg1video", "yuv420p")


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> CountingBackend:
    counting = CountingBackend()
    monkeypatch.setattr(stage, "open_backend", lambda config: counting)
    return counting


def test_one_backend_serves_every_clip_with_a_track_of_its_own(backend: CountingBackend) -> None:
    consumer = stage.open_stage(LandmarksConfig())
    for num_frames in (3, 5):
        clip = consumer(JOB, info())
        assert clip.wants == {"frames"}
        clip.push(chunk(0, 2))
        clip.push(chunk(2, num_frames - 2))
        landmarks = clip.finish({})
        assert list(landmarks.points_TNC[:, 0, 0]) == list(range(num_frames))
        assert (landmarks.width_px, landmarks.height_px) == (36, 28)
    assert len(backend.tracks) == 2


def test_without_info_the_frames_tell_the_size(backend: CountingBackend) -> None:
    clip = stage.open_stage(LandmarksConfig())(JOB, None)
    clip.push(chunk(0, 1, 640, 480))
    assert (clip.finish({}).width_px, backend.tracks[0].size_px) == (640, (640, 480))


def test_frames_that_change_size_are_the_clips_fault(backend: CountingBackend) -> None:
    clip = stage.open_stage(LandmarksConfig())(JOB, info())
    clip.push(chunk(0, 2))
    with pytest.raises(BadInput, match=r"FRAME_SIZE_CHANGED.*s1/bbaf2n.*frame 2 is 40x28 px after frames of 36x28"):
        clip.push(chunk(2, 1, width_px=40))


def test_a_clip_without_frames_has_empty_landmarks_or_a_reason(backend: CountingBackend) -> None:
    consumer = stage.open_stage(LandmarksConfig())
    assert len(consumer(JOB, info()).finish({}).source_T) == 0
    with pytest.raises(BadInput, match="NO_FRAMES"):
        consumer(JOB, None).finish({})


def test_a_missing_model_stops_the_run_before_any_clip() -> None:
    with pytest.raises(BadConfig, match="DLIB_PREDICTOR_MISSING"):
        stage.open_stage(LandmarksConfig("dlib", dlib_predictor="no/such.dat"))
    with pytest.raises(BadConfig, match="MODEL_MISSING"):
        stage.open_stage(LandmarksConfig(face_landmarker="no/such.task"))
