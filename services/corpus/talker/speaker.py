"""One speaker of the demo corpus, for a talking head: a long video, short ones that nothing is learnt from, and sounds.

He is nobody. What he says is made of the words of services/corpus/visemes.py, without a grammar, so that no sentence
sounds like another at the same place.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import UInt8Array
from services.corpus.audio import SAMPLE_RATE_HZ, voice_samples
from services.corpus.drawing.frames import FPS_HZ, Actor, Motion, draw_part
from services.corpus.drawing.look import look_of
from services.corpus.drawing.mouth import MouthPose
from services.corpus.drawing.paint import noise
from services.corpus.drawing.pool import DrawingPool
from services.corpus.spoken import wav_of
from services.corpus.talker.film import EncodedFrame, encode_frames, film_of
from services.corpus.visemes import VISEMES, VISEMES_OF_WORD, Sound, mouth_track

VIDEO = "talker.mp4"
HELD_OUT = "held-out"
OTHER_SENTENCES, OTHER_VOICE = "other-sentences.wav", "other-voice.wav"
LEAST_SECONDS, MOST_SECONDS = 12, 3600
SIDE_PX = 512

_SILENCE_S, _SHORT_SILENCE_S = 5.0, 0.4
_CLIP_S, _AUDIO_S = 5, 12
_WORDS_OF_A_SENTENCE = (3, 8)
_PAUSE_S = (0.3, 0.8)
_VISEME_S = (0.075, 0.1)
_ROOM_NOISE = 6.0
_FRAMES_A_TASK = 50
_OTHER_PITCH = 1.7
_TEXT = b"This is a note that somebody saved under the name of a video.\n"


@dataclass(frozen=True)
class Sentence:
    """start_s: in the speech. sounds: from 0, between two rests."""

    start_s: float
    sounds: tuple[Sound, ...]

    @property
    def end_s(self) -> float:
        return self.start_s + self.sounds[-1].end_s


@dataclass(frozen=True)
class Speech:
    """What is said in num_seconds. seed: names it, and decides all that is drawn by chance. Silent at both ends."""

    seed: str
    num_seconds: int
    sentences: tuple[Sentence, ...]

    @classmethod
    def of(cls, seed: str, num_seconds: int, silence_s: float) -> Speech:
        """Sentences one after another, with pauses between, the last one cut where the last silence begins."""
        draw = random.Random(f"speech:{seed}")  # noqa: S311
        words = sorted(VISEMES_OF_WORD)
        sentences: list[Sentence] = []
        at_s = silence_s
        while True:
            said = [draw.choice(words) for _ in range(draw.randint(*_WORDS_OF_A_SENTENCE))]
            sentence = Sentence(at_s, tuple(_sounds_of(said, draw)))
            while said and sentence.end_s > num_seconds - silence_s:
                said.pop()
                sentence = Sentence(at_s, tuple(_sounds_of(said, draw)))
            if not said:
                return cls(seed, num_seconds, tuple(sentences))
            sentences.append(sentence)
            at_s = sentence.end_s + draw.uniform(*_PAUSE_S)

    @property
    def num_frames(self) -> int:
        return self.num_seconds * FPS_HZ

    def poses(self, first: int, end: int) -> list[MouthPose]:
        """The mouth in some of the frames."""
        sounds = [
            Sound(sound.viseme, sentence.start_s + sound.start_s, sentence.start_s + sound.end_s)
            for sentence in self.sentences
            for sound in sentence.sounds
        ]
        gaps = zip(
            [0.0, *(one.end_s for one in self.sentences)],
            [*(one.start_s for one in self.sentences), self.num_seconds],
            strict=True,
        )
        sounds += [Sound(VISEMES["rest"], start_s, end_s) for start_s, end_s in gaps]
        track = mouth_track(sounds, np.arange(first, end) / FPS_HZ)
        return [MouthPose(float(opening), float(width), float(rounding)) for opening, width, rounding in track]

    def samples(self, pitch_hz: float) -> npt.NDArray[np.int16]:
        """int16 [T] at SAMPLE_RATE_HZ, with the faint noise of a room."""
        out = _ROOM_NOISE * noise(f"room:{self.seed}", (self.num_seconds * SAMPLE_RATE_HZ,))
        for number, sentence in enumerate(self.sentences):
            start = round(sentence.start_s * SAMPLE_RATE_HZ)
            num = round(sentence.sounds[-1].end_s * SAMPLE_RATE_HZ)
            voice = voice_samples(sentence.sounds, pitch_hz, num, f"{self.seed}:{number}", clear=True)
            out[start : start + num] += voice[: len(out) - start]
        return np.rint(out).astype(np.int16)


def _sounds_of(words: list[str], draw: random.Random) -> Iterator[Sound]:
    """The words' sounds, and a rest of a moment at both ends."""
    at_s = 0.0
    for name in ("rest", *(name for word in words for name in VISEMES_OF_WORD[word]), "rest"):
        viseme = VISEMES[name]
        upto_s = at_s + viseme.length * draw.uniform(*_VISEME_S)
        yield Sound(viseme, at_s, upto_s)
        at_s = upto_s


def talker_files(
    seed: int, num_seconds: int, num_clips: int, pool: DrawingPool, *, broken: bool
) -> Iterator[tuple[str, Callable[[], bytes], str, str]]:
    """Every file of the corpus: path, what makes its bytes, the fault ("" if none), the code expected for it.

    num_clips: of 5 s, of the same speaker, in HELD_OUT. pool: draws. broken: adds videos that a run leaves out.
    """
    yield VIDEO, partial(_video, seed, _speech(seed, num_seconds), pool), "", ""
    for number in range(1, num_clips + 1):
        speech = Speech.of(f"{seed}:clip:{number}", _CLIP_S, _SHORT_SILENCE_S)
        yield f"{HELD_OUT}/clip_{number:02}.mp4", partial(_video, seed, speech, pool), "", ""
    for path, what, pitch in ((OTHER_SENTENCES, "sentences", 1.0), (OTHER_VOICE, "voice", _OTHER_PITCH)):
        yield path, partial(_sound, seed, Speech.of(f"{seed}:{what}", _AUDIO_S, _SHORT_SILENCE_S), pitch), "", ""
    if broken:
        mute = Speech.of(f"{seed}:mute", _CLIP_S, _SHORT_SILENCE_S)
        yield "broken/mute.mp4", partial(_video, seed, mute, pool, mute=True), "it has no sound", "NO_AUDIO"
        yield "broken/note.mp4", lambda: _TEXT, "it is a text file", "OPEN_FAILED"


def _speech(seed: int, num_seconds: int) -> Speech:
    """Of the long video; a short one for tests keeps a part of its silence."""
    return Speech.of(f"{seed}:talker", num_seconds, min(_SILENCE_S, num_seconds / 10))


def _sound(seed: int, speech: Speech, pitch: float) -> bytes:
    return wav_of(speech.samples(pitch * look_of(seed, 1).pitch_hz))


def _video(seed: int, speech: Speech, pool: DrawingPool, *, mute: bool = False) -> bytes:
    parts = range(0, speech.num_frames, _FRAMES_A_TASK)
    frames = (frame for part in pool.map(partial(_encoded_part, seed, speech), parts) for frame in part)
    return film_of(frames, SIDE_PX, None if mute else speech.samples(look_of(seed, 1).pitch_hz))


def _encoded_part(seed: int, speech: Speech, first: int) -> list[EncodedFrame]:
    return encode_frames(_drawn_part(seed, speech, first), first)


def _drawn_part(seed: int, speech: Speech, first: int) -> Iterator[UInt8Array]:
    actor, end = _actor(seed), min(first + _FRAMES_A_TASK, speech.num_frames)
    return draw_part(actor, speech.poses(first, end), _motion(seed, speech.num_frames, speech.seed), first)


@cache
def _actor(seed: int) -> Actor:
    return Actor.of(look_of(seed, 1).in_square(SIDE_PX))


@cache
def _motion(seed: int, num_frames: int, name: str) -> Motion:
    return Motion.of(_actor(seed).look, num_frames, name)
