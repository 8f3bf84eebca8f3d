"""How the stage `headfilm` handles one sound: its features in, a film out."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array
from services.base.media.audio import AlignedSound
from services.base.media.features import AudioFeatures
from services.base.stage.clip_pass import Pause
from services.base.stage.product import PIECE_BYTES, Product, ProductFile
from services.base.stage.spec import ClipJob
from services.base.stage.stream import NO_STREAMS
from services.containers.marks.visible import VisibleMark
from services.formats.talker.head import HeadCard
from services.formats.talker.tree import ROW_SHAPES
from services.lips.talker_input import CROP_PX, sound_input, window_of
from services.talker.bundle_files import checked_card
from services.talker.film import open_film
from services.talker.frame_order import to_and_fro
from services.talker.marks import are_marked, metadata_of
from services.talker.opening import open_paint
from services.talker.person import PersonFrames
from services.talker.silence import MouthMeter, held_rows, silent_frames
from services.talker.speaking import Speaker
from services.talker.spec import HeadConfig

FILM_FILE = "film.mp4"


def open_stage(config: HeadConfig) -> Callable[[ClipJob, Any], HeadOfClip]:
    """Loads the network and lists the person's folder once. Raises BadConfig as `checked_card`, `open_paint` and
    `PersonFrames`.
    """
    card = checked_card(Path(config.bundle))
    person = PersonFrames(config.person)
    paint = open_paint(config, card)

    def begin(job: ClipJob, info: Any) -> HeadOfClip:
        del info
        return HeadOfClip(config, card, Speaker(person, paint, CROP_PX[card.resolution], config.blend), job.clip.key)

    return begin


class HeadOfClip:
    """One sound. name: for messages."""

    wants = NO_STREAMS

    def __init__(self, config: HeadConfig, card: HeadCard, speaker: Speaker, name: str) -> None:
        self._config, self._card, self._speaker, self._name = config, card, speaker, name
        self._made: Product | None = None

    def push(self, chunk: object) -> None:
        """Never called: it reads no stream."""
        raise AssertionError(f"headfilm reads no stream, and was given {chunk!r}")

    def steps(self, given: Mapping[str, Any]) -> Iterator[Pause]:
        """Tells after each frame how many there are. given: "aligned_sound" and "audio_features".

        Raises BadConfig OTHER_ASR, START_FRAME, NO_FRAMES, OTHER_FPS; BadInput as `Speaker.frames`.
        """
        sound: AlignedSound = given["aligned_sound"]
        features: AudioFeatures = given["audio_features"]
        self._check(sound, features)
        silent_N = silent_frames(sound.samples_T, sound.sample_rate_hz, sound.num_frames, sound.fps)
        rows_TX = features.vectors_TX
        if self._config.silence == "hold":
            rows_TX = held_rows(rows_TX, silent_N)
        meter = MouthMeter(silent_N)
        folder = tempfile.TemporaryDirectory(prefix="visemill-film-")
        path = Path(folder.name) / FILM_FILE
        try:
            for num_frames in self._written(path, sound, rows_TX, meter):
                yield Pause(media_s=num_frames / sound.fps, frames=(num_frames, sound.num_frames))
        except BaseException:
            folder.cleanup()
            raise
        quality: dict[str, Any] = {
            "num_frames": sound.num_frames,
            "fps": sound.fps,
            "duration_s": round(sound.duration_s, 3),
            "asr": self._card.asr,
            "marked": are_marked(),
            "silent_frames": int(silent_N.sum()),
            "silent_movement": meter.silent_share,
            "time_shares": self._speaker.seconds.shares(),
        }
        self._made = Product((ProductFile(FILM_FILE, _pieces(path, folder), "video/mp4"),), quality)

    def finish(self, given: Mapping[str, Any]) -> Product:
        """What `steps` has made; without these, now. Raises likewise."""
        if self._made is None:
            for _ in self.steps(given):
                pass
        assert self._made is not None
        return self._made

    def _check(self, sound: AlignedSound, features: AudioFeatures) -> None:
        if features.model != self._card.asr:
            raise BadConfig(
                "OTHER_ASR",
                f"the head follows features of {self._card.asr}, and was given those of {features.model}: take "
                f"--asr-model {self._card.asr}, or another head",
            )
        found, taken = features.vectors_TX.shape[1:], ROW_SHAPES[self._card.asr]
        if found != taken:
            raise BadConfig(
                "OTHER_ASR",
                f"a row of these features of {features.model} has {list(found)} values, and the head takes "
                f"{list(taken)}: give the published network's weights",
            )
        if sound.fps != self._speaker.person.fps:
            raise BadConfig(
                "OTHER_FPS",
                f"the person has {self._speaker.person.fps:g} frames a second, and features were made for "
                f"{sound.fps:g}: make them for the person's",
            )

    def _written(self, path: Path, sound: AlignedSound, rows_TX: Float32Array, meter: MouthMeter) -> Iterator[int]:
        """Writes the film, and tells after each frame how many it has."""
        speaker, total = self._speaker, sound.num_frames
        sources = to_and_fro(speaker.person.usable, self._config.start_frame)
        sounds = (sound_input(self._card.asr, window_of(rows_TX, frame)) for frame in range(total))
        height_px, width_px = speaker.person.size_px()
        visible = self._visible_mark(width_px, height_px)
        film_of = open_film(
            path,
            (height_px, width_px),
            sound.fps,
            sound.samples_T,
            sound.sample_rate_hz,
            self._config.codec,
            metadata_of(self._card, self._config.consent),
        )
        with film_of as film:
            for frame, spoken in enumerate(speaker.frames(sources, sounds, compared=meter.frames)):
                if spoken.as_before_SSC is not None:
                    meter.add(frame, spoken.painted_SSC, spoken.as_before_SSC)
                encode_s = time.perf_counter()
                film.add(visible.laid_on(spoken.frame_HWC) if visible else spoken.frame_HWC)
                speaker.seconds.encode += time.perf_counter() - encode_s
                yield frame + 1

    def _visible_mark(self, width_px: int, height_px: int) -> VisibleMark | None:
        """Raises BadConfig VISIBLE_MARK."""
        if not self._config.visible_mark:
            return None
        try:
            return VisibleMark(self._config.visible_mark, width_px, height_px)
        except ValueError as error:
            raise BadConfig("VISIBLE_MARK", f"{error}: give another --visible-mark") from error


def _pieces(path: Path, folder: tempfile.TemporaryDirectory[str]) -> Iterator[bytes]:
    with folder, path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece
