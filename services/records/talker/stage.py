"""Frames, landmarks, sound and features of one person's video in; the files of the person's folder out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from services.base.errors import BadInput
from services.base.media.audio import AlignedSound
from services.base.media.features import AudioFeatures
from services.base.media.points import Landmarks
from services.base.media.video import FrameChunk, VideoInfo
from services.base.process.cgroup import granted_cores
from services.base.stage.product import Product, ProductFile
from services.base.stage.spec import ClipJob
from services.base.stage.stream import NO_STREAMS, ONLY_FRAMES
from services.formats import npy, wav
from services.formats.talker.landmark_pickle import encode_landmarks
from services.formats.talker.landmark_table import MEDIA_TYPE, LandmarkTable, encode_table
from services.geometry.talker_points import TalkerPoints, talker_points
from services.records.talker.flags import decode_facts, face_facts, features_facts, flags_of, sound_facts
from services.records.talker.frames import FrameFiles
from services.records.talker.names import LANDMARKS_FILE, SOUND_FILE, features_file, landmarks_file
from services.records.talker.preview import Preview
from services.records.talker.spec import TalkerFilesConfig

PREVIEW = "preview.jpg"
# A person is one clip of one worker, so that the other cores would be idle; more encode faster than anything decodes.
_MOST_THREADS = 4


def open_stage(config: TalkerFilesConfig) -> Callable[[ClipJob, VideoInfo | None], TalkerFilesOfClip]:
    """The stage for one process, with threads that encode frames."""
    threads = ThreadPoolExecutor(min(_MOST_THREADS, granted_cores()), "encode")

    def begin(job: ClipJob, info: VideoInfo | None) -> TalkerFilesOfClip:
        return TalkerFilesOfClip(config, threads, job, info)

    return begin


class TalkerFilesOfClip:
    """One video on its way to the person's folder."""

    def __init__(
        self, config: TalkerFilesConfig, threads: ThreadPoolExecutor, job: ClipJob, info: VideoInfo | None
    ) -> None:
        self._config, self._clip, self._info = config, job.clip, info
        self._is_whole = config.parts == "all"
        self.wants = ONLY_FRAMES if self._is_whole else NO_STREAMS
        self._frames = FrameFiles(config.frame_format, threads)
        self._preview = Preview()

    def push(self, chunk: FrameChunk) -> None:
        """Raises BadInput FRAME_SIZE_CHANGED."""
        self._frames.push(chunk)
        if self._config.preview:
            self._preview.push(chunk)

    def files_so_far(self) -> Iterator[ProductFile]:
        """Frames."""
        return self._frames.so_far()

    def finish(self, given: Mapping[str, Any]) -> Product:
        """given: "audio_features", and for a whole folder "landmarks" and "aligned_sound".

        Raises BadInput NO_FRAMES, ONE_FRAME, NO_FACE, FEATURES_NOT_FINITE; BadConfig OTHER_TOPOLOGY.
        """
        features: AudioFeatures = given["audio_features"]
        if not np.isfinite(features.vectors_TX).all():
            raise BadInput(
                "FEATURES_NOT_FINITE",
                f"{self._clip.key}: features of {features.model} are NaN or infinite: look at its sound, and "
                "at the weights",
            )
        sound: AlignedSound | None = given.get("aligned_sound")
        quality: dict[str, Any] = {"fps": self._config.fps, **features_facts(features)}
        quality |= sound_facts(sound) if sound is not None else {}
        features_files = (
            ProductFile(features_file(features.model), npy.npy_pieces(features.vectors_TX), npy.MEDIA_TYPE),
        )
        # Of two runs of a folder, the later one's line is in place of the earlier one's of the same file alone.
        quality["file"] = LANDMARKS_FILE if self._is_whole else features_file(features.model)
        if not self._is_whole:
            if sound is not None:
                quality["num_frames"] = sound.num_frames
            return Product(features_files, quality, flags_of(quality))
        landmarks: Landmarks = given["landmarks"]
        if sound is None:
            raise ValueError("a whole folder has the sound of the pictures: put the stage sound before talkerfiles")
        points = self._points(landmarks, sound)
        quality["num_frames"] = self._frames.num_frames
        quality |= face_facts(points, landmarks.width_px, landmarks.height_px)
        quality |= decode_facts(given.get("facts"), given.get("info") or self._info)
        flags = flags_of(quality)
        return Product(
            self._files(points, sound, features_files),
            quality,
            flags,
            self._sidecars(points, landmarks.width_px, flags),
        )

    def _points(self, landmarks: Landmarks, sound: AlignedSound) -> TalkerPoints:
        num_frames = self._frames.num_frames
        if num_frames < 2:
            reason = "ONE_FRAME" if num_frames else "NO_FRAMES"
            raise BadInput(
                reason,
                f"{self._clip.key} has {num_frames} frames: a talking head is learned from a video of minutes",
            )
        if not num_frames == len(landmarks.source_T) == sound.num_frames:
            raise ValueError(
                f"{num_frames} frames, landmarks of {len(landmarks.source_T)} and sound of {sound.num_frames} are of "
                "different samplings"
            )
        config = self._config
        return talker_points(landmarks, max_bridged_frames=config.max_bridged_frames, smooth=config.smooth)

    def _files(
        self, points: TalkerPoints, sound: AlignedSound, features_files: tuple[ProductFile, ...]
    ) -> Iterator[ProductFile]:
        yield from self._frames.rest()
        for t, pixels_NC in enumerate(points.pixels_TNC):
            yield ProductFile.of(landmarks_file(t), encode_landmarks(pixels_NC))
        table = LandmarkTable(points.found_TNC, points.source_T, points.usable_T, points.boxes_T3)
        yield ProductFile.of(LANDMARKS_FILE, encode_table(table), MEDIA_TYPE)
        yield ProductFile(SOUND_FILE, wav.wav_pieces(sound.samples_T, sound.sample_rate_hz), wav.MEDIA_TYPE)
        yield from features_files

    def _sidecars(self, points: TalkerPoints, width_px: int, flags: tuple[str, ...]) -> dict[str, bytes]:
        if not self._config.preview:
            return {}
        jpeg = self._preview.sheet(points, width_px, f"{self._clip.key}  {' '.join(flags)}".rstrip())
        return {PREVIEW: jpeg} if jpeg else {}
