"""How audio handles one clip: its sound becomes bounded chunks of samples, each decoded once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array
from services.base.media.audio import AudioChunk, AudioFacts, AudioInfo
from services.base.media.clip import Media
from services.base.stage.stream import AudioSource, AudioStream
from services.containers.audio.config import AudioConfig
from services.containers.audio.samples import in_blocks, mixed_down, resampled
from services.containers.audio.sound import PyavSound, open_sound


def open_stage(config: AudioConfig) -> AudioSource:
    """The source: `with source(media) as stream` gives the samples of one clip. Nothing is loaded, nothing is kept.

    Entering raises what `open_sound` raises. Iterating raises BadInput (RATE_CHANGED, CHANNELS_CHANGED, TOO_LONG,
    NO_SAMPLES, OUT_OF_MEMORY) and Transient MEDIA_UNREADABLE. MemoryError: the process is short of memory.
    """

    def source(media: Media, max_frames: int | None = None) -> AbstractContextManager[AudioStream]:
        del max_frames  # of pictures
        return _open_stream(media, config)

    return source


@contextmanager
def _open_stream(media: Media, config: AudioConfig) -> Iterator[AudioStream]:
    with open_sound(media, config) as sound:
        yield PyavAudioStream(sound, media.name, config)


class PyavAudioStream:
    """Samples of one open clip (services.base.stage.stream.Stream)."""

    def __init__(self, sound: PyavSound, name: str, config: AudioConfig) -> None:
        self._sound = sound
        self._name = name
        self._config = config
        self._num_samples = 0
        self._started = False

    @property
    def info(self) -> AudioInfo:
        return self._sound.info

    def __iter__(self) -> Iterator[AudioChunk]:
        """Chunks in order. Raises RuntimeError when asked for twice: a clip is decoded once."""
        if self._started:
            raise RuntimeError("the samples of this clip were handed out already; open it again to decode it again")
        self._started = True
        return self._chunks()

    def facts(self) -> AudioFacts:
        """Complete once the iteration has ended."""
        sound, placement, info = self._sound, self._sound.placement, self.info
        return AudioFacts(
            num_samples=self._num_samples,
            duration_s=self._num_samples / info.sample_rate_hz,
            num_decoded=sound.num_decoded,
            resampled=info.sample_rate_hz != info.source_rate_hz,
            mixed_down=info.num_channels != info.source_channels,
            num_gaps=placement.num_gaps,
            gap_s=placement.num_silent / info.source_rate_hz,
            gaps=placement.gaps,
            num_overlaps=placement.num_overlaps,
            overlap_s=placement.num_skipped / info.source_rate_hz,
            num_restarts=placement.num_restarts,
            num_derived_pts=placement.num_derived,
            num_corrupt=sound.num_corrupt,
            num_clipped=sound.num_clipped,
            num_not_finite=sound.num_not_finite,
            peak=sound.peak,
            ended_early=sound.ended_early or sound.log.damaged,
            warnings=sound.log.lines(),
        )

    def _chunks(self) -> Iterator[AudioChunk]:
        info = self.info
        size = max(1, self._config.chunk_samples // info.num_channels)
        rates = (info.source_rate_hz, info.sample_rate_hz)
        for samples_TC in in_blocks(resampled(self._decoded(), *rates, self._config.resampler), size):
            chunk = AudioChunk(self._num_samples, samples_TC, info.sample_rate_hz, info.start_s)
            self._num_samples += len(chunk)
            yield chunk
        if self._num_samples == 0:
            raise BadInput(
                "NO_SAMPLES",
                f"{self._name}: {self._sound.num_decoded} samples are not one at {info.sample_rate_hz} samples a "
                "second; leave the clip out",
            )

    def _decoded(self) -> Iterator[Float32Array]:
        while True:
            with self._sound.log.listening():
                pieces = self._sound.read()
            if pieces is None:
                return
            for samples_TC in pieces:
                yield mixed_down(samples_TC) if self._config.channels == 1 else samples_TC
