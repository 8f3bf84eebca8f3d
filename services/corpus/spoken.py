"""Recordings of the demo corpus for text-to-speech: a manifest, and a voice that is no speech, in four scripts."""

from __future__ import annotations

import io
import json
import random
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from services.corpus.audio import SAMPLE_RATE_HZ, voice_samples
from services.corpus.visemes import VISEMES, Sound

MANIFEST = "manifest.jsonl"
NUM_SPEAKERS = 2
"""Of each language."""

SENTENCES: dict[str, tuple[str, ...]] = {
    "am": (
        "ሰላም፣ እንዴት ነህ?",
        "ዛሬ ጠዋት ዝናብ ዘነበ።",
        "ቡናው ትኩስ ነው።",
        "ልጆቹ በመንገድ ላይ ይጫወታሉ።",
        "መጽሐፉ በጠረጴዛው ላይ ነው።",
        "ነገ ወደ ገበያ እንሄዳለን።",
    ),
    "en": (
        "The kettle sings in the kitchen.",
        "A boat came home before the rain.",
        "What's the time at your place?",
        "Seven lamps stood along the road.",
        "She wrote the number on a card.",
        "We are going to the market tomorrow.",
    ),
    "ja": (
        "今日はとても寒いです。",
        "駅までどのくらいかかりますか？",
        "コーヒーを一杯ください。",
        "子供たちは公園で遊んでいます。",
        "本は机の上にあります。",
        "明日、市場へ行きましょう。",
    ),
    "zh": (
        "今天早上下雨了。",
        "请给我一杯茶。",
        "孩子们在路上玩。",
        "书在桌子上面。",
        "我们明天去市场。",
        "现在几点了？",
    ),
}  # fmt: skip

# Ideographs are syllables of their own, as Ethiopic letters are; a Latin letter is about a sound.
_CHARACTER_S = {"am": 0.17, "en": 0.075, "ja": 0.14, "zh": 0.24}
_PAUSE_S, _SILENCE_S = 0.12, 0.2
_VOWELS, _CONSONANTS = "UOAEI", "PFTSCKHRW"
_TEXT = b"This is a note that somebody saved under the name of a recording.\n"


@dataclass(frozen=True)
class Recording:
    """A sentence that one of a language's speakers says."""

    language: str
    number: int
    text: str
    seed: int

    @property
    def id(self) -> str:
        return f"{self.language}/{self.number:03d}"

    @property
    def path(self) -> str:
        """Below the corpus."""
        return f"wav/{self.id}.wav"

    @property
    def speaker(self) -> str:
        return f"{self.language}_{1 + self.number % NUM_SPEAKERS}"

    def sounds(self) -> list[Sound]:
        """A sound for each character that is spoken, between two silences."""
        draw = random.Random(f"spoken:{self.seed}:{self.id}")  # noqa: S311
        sounds = [Sound(VISEMES["rest"], 0.0, _SILENCE_S)]
        for character in self.text:
            is_spoken = character.isalnum()
            names = draw.choice(_CONSONANTS) + draw.choice(_VOWELS) if is_spoken else ("rest",)
            whole_s = _CHARACTER_S[self.language] * draw.uniform(0.8, 1.2) if is_spoken else _PAUSE_S
            for name in names:
                start_s = sounds[-1].end_s
                sounds.append(Sound(VISEMES[name], start_s, start_s + whole_s / len(names)))
        return [*sounds, Sound(VISEMES["rest"], sounds[-1].end_s, sounds[-1].end_s + _SILENCE_S)]

    def samples(self) -> np.ndarray:
        """int16 [T] at SAMPLE_RATE_HZ."""
        sounds = self.sounds()
        pitch_hz = random.Random(f"pitch:{self.seed}:{self.speaker}").uniform(95, 230)  # noqa: S311
        return voice_samples(sounds, pitch_hz, _num_samples(sounds), f"{self.seed}:{self.id}")

    def line(self, **changes: Any) -> dict[str, Any]:
        """The manifest's line."""
        duration_s = round(_num_samples(self.sounds()) / SAMPLE_RATE_HZ, 3)
        said = {"id": self.id, "text": self.text, "audio": self.path, "speaker": self.speaker}
        return {**said, "language": self.language, "duration": duration_s, **changes}


def recordings(seed: int) -> list[Recording]:
    """Every whole one, a language after another."""
    return [
        Recording(language, number, text, seed)
        for language, texts in sorted(SENTENCES.items())
        for number, text in enumerate(texts)
    ]


def spoken_files(seed: int, *, broken: bool) -> Iterator[tuple[str, Callable[[], bytes], str, str]]:
    """Every file of the corpus: path, what makes its bytes, the fault ("" if none), the code expected for it.

    broken: adds recordings that a run leaves out, two that it flags, and lines that are none.
    """
    whole = recordings(seed)
    lines = [recording.line() for recording in whole]
    for recording in whole:
        yield recording.path, partial(_wav_of, recording), "", ""
    if not broken:
        yield MANIFEST, partial(_manifest, lines), "", ""
        return
    first = whole[0]

    def odd(name: str, **changes: Any) -> dict[str, Any]:
        return first.line(id=f"odd/{name}", audio=f"wav/odd/{name}.wav", duration=None, **changes)

    yield "wav/odd/empty.wav", lambda: b"", "the file is empty", "AUDIO_UNREADABLE"
    yield "wav/odd/note.wav", lambda: _TEXT, "the file is a text", "AUDIO_UNREADABLE"
    yield "wav/odd/short.wav", lambda: wav_of(first.samples()[:1200]), "it lasts 27 ms", "TOO_SHORT"
    yield "wav/odd/loud.wav", partial(_loud, first), "", ""
    yield "wav/odd/silent.wav", lambda: wav_of(np.zeros(3 * SAMPLE_RATE_HZ, np.int16)), "", ""
    lines += [odd(name) for name in ("empty", "note", "short", "loud", "silent", "gone")]
    lines += [odd("mute", text=" "), first.line(), first.line(id="../odd")]
    what = "lines without a text, an audio file, an id that can be a name or JSON, and an id that is there twice"
    yield MANIFEST, partial(_manifest, lines, '{"id": "odd/cut", "text": "'), what, "BAD_JSON"


def _num_samples(sounds: Sequence[Sound]) -> int:
    return round(sounds[-1].end_s * SAMPLE_RATE_HZ)


def _manifest(lines: Sequence[dict[str, Any]], last: str = "") -> bytes:
    texts = [*(json.dumps(line, ensure_ascii=False) for line in lines), *([last] if last else [])]
    return "".join(f"{text}\n" for text in texts).encode()


def _wav_of(recording: Recording) -> bytes:
    return wav_of(recording.samples())


def _loud(recording: Recording) -> bytes:
    """As a microphone too near makes it."""
    return wav_of(np.clip(recording.samples().astype(np.int32) * 60, -32768, 32767).astype(np.int16))


def wav_of(samples_T: np.ndarray) -> bytes:
    """The WAV file of mono samples, int16 [T] at SAMPLE_RATE_HZ."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(samples_T.astype("<i2").tobytes())
    return out.getvalue()
