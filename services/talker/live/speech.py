"""A head that speaks while its sound comes: pictures, or a film with the sound, in pieces."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.base.media.arrays import Int16Array, UInt8Array
from services.formats.talker.head import HeadCard
from services.lips.talker_input import sound_input
from services.talker.frame_order import to_and_fro
from services.talker.live.fragments import FragmentedFilm
from services.talker.live.pcm import RATE_HZ
from services.talker.live.rows import StreamedRows
from services.talker.live.windows import WholePictures, windows_around
from services.talker.marks import metadata_of
from services.talker.speaking import Speaker


@dataclass(frozen=True)
class Head:
    """A head with a person, ready to speak. rows: features of the model that the head hears by."""

    card: HeadCard
    speaker: Speaker
    rows: StreamedRows

    @property
    def fps(self) -> float:
        """Of the pictures."""
        return self.speaker.person.fps

    @property
    def size_px(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self.speaker.person.size_px()


class Speech:
    """One sound, spoken once, by `pictures` or by `film`.

    sound: int16 at 16 kHz, in pieces. start_frame: of the person, as to_and_fro takes it.
    Pictures are those of the stage `headfilm`, whatever the pieces are. Raises BadConfig START_FRAME, NO_FRAMES.
    """

    def __init__(self, head: Head, sound: Iterable[Int16Array], start_frame: int = 0) -> None:
        self._head = head
        self._sources = to_and_fro(head.speaker.person.usable, start_frame)
        self._sound = WholePictures(self._heard(sound), RATE_HZ, head.fps)
        self._began_s: float | None = None
        self.num_pictures = 0
        self.first_picture_s = 0.0
        """From the first samples to the first picture."""

    def pictures(self) -> Iterator[UInt8Array]:
        """uint8 BGR [height, width, 3], each as soon as its sound is there. Raises BadInput as the sound and the person
        do.
        """
        return self._pictures(self._sound)

    def film(self) -> Iterator[bytes]:
        """An MP4 in pieces that play as they come, with what it says of itself. Raises as `pictures`."""
        film = FragmentedFilm(self._head.size_px, self._head.fps, RATE_HZ, metadata_of(self._head.card))

        def told() -> Iterator[Int16Array]:
            for samples_T in self._sound:
                film.add_sound(samples_T)
                yield samples_T

        with contextlib.closing(film):
            for picture_HWC in self._pictures(told()):
                film.add_picture(picture_HWC)
                if data := film.taken():
                    yield data
            yield film.ended()

    def _pictures(self, sound: Iterable[Int16Array]) -> Iterator[UInt8Array]:
        head = self._head
        windows = windows_around(head.rows(sound, head.fps), lambda: self._sound.num_pictures)
        sounds = (sound_input(head.card.asr, window_RX) for window_RX in windows)
        for spoken in head.speaker.frames(self._sources, sounds, batch=1):
            if not self.num_pictures and self._began_s is not None:
                self.first_picture_s = time.monotonic() - self._began_s
            self.num_pictures += 1
            yield spoken.frame_HWC

    def _heard(self, sound: Iterable[Int16Array]) -> Iterator[Int16Array]:
        for samples_T in sound:
            if self._began_s is None:
                self._began_s = time.monotonic()
            yield samples_T


def lookahead_s(fps: float) -> float:
    """Sound that a picture waits for, from its own time on: rows up to 7 frames ahead, the first of which is of the
    frame before; a window of 0.2125 s for the last one; and half a picture that is held back.
    """
    return 6 / fps + 0.2125 + 0.5 / fps
