"""Mandarin of the demo corpus: sentences of a small lexicon, said by mouths or faces, in the layout of Chinese-LiPS.

Visemes come from pinyin: the initial, then the letters of the final. What is drawn is nobody's face, and nobody's
speech.
"""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial

import av
import cv2
import numpy as np

from services.base.media.arrays import UInt8Array
from services.corpus.drawing.frames import FPS_HZ, WHOLE, Actor, draw_frames
from services.corpus.drawing.look import Look, look_of
from services.corpus.drawing.mouth import MOUTH_Y, MouthPose
from services.corpus.visemes import VISEMES, Sound, mouth_track

SIDE_PX = 96
FACE_FPS_HZ = 30
HEAD = ("file_id", "category", "wav_path", "ppt_path", "face_path", "text")
# Split -> its table, and the folder of its videos.
TABLES = {"train": ("meta_train.csv", "processed_train"), "val": ("meta_valid.csv", "processed_val"),
          "test": ("meta_test.csv", "processed_test")}  # fmt: skip
ALL_TABLE = "meta_all.csv"
TOPICS = ("KJ", "LY", "TY")

PINYIN = {
    "我": "wo", "们": "men", "他": "ta", "老": "lao", "师": "shi", "妈": "ma", "孩": "hai", "子": "zi",
    "今": "jin", "天": "tian", "明": "ming", "早": "zao", "上": "shang", "喝": "he", "买": "mai",
    "看": "kan", "喜": "xi", "欢": "huan", "去": "qu", "茶": "cha", "书": "shu", "花": "hua", "市": "shi",
    "场": "chang", "学": "xue", "校": "xiao", "水": "shui", "吧": "ba",
}  # fmt: skip
_SLOTS: tuple[tuple[str, ...], ...] = (
    ("我们", "他们", "老师", "妈妈", "孩子"),
    ("今天", "明天", "早上"),
    ("喝", "买", "看", "喜欢", "去"),
    ("茶", "书", "花", "市场", "学校", "水"),
    ("", "吧"),
)

_OF_VISEME = {
    "P": "b p m",
    "F": "f",
    "T": "d t n l",
    "K": "g k h",
    "S": "j q x z c s",
    "C": "zh ch sh r",
    "I": "y",
    "W": "w",
}
_INITIALS = {initial: viseme for viseme, initials in _OF_VISEME.items() for initial in initials.split()}
_FINALS = {"a": "A", "o": "O", "e": "E", "i": "I", "u": "U", "v": "U", "n": "T", "ng": "K", "r": "R"}
_SYLLABLE = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(.+)")
_LETTERS = re.compile(r"ng|[aoeiuvnr]")

_CHARACTER_S, _SILENCE_S = 0.38, 0.4
# The crop around a mouth at rest, in half widths of a face: heads sway by a few pixels, as trackers leave them.
_CROP = 1.2
_STEADY = {"flags": "+bitexact", "threads": "1", "idct": "simple", "dct": "int"}


def visemes_of(pinyin: str) -> tuple[str, ...]:
    """Names of the visemes of a syllable without tone. Raises ValueError for what is none."""
    match = _SYLLABLE.fullmatch(pinyin)
    letters = _LETTERS.findall(match[2]) if match else []
    if not match or not letters or "".join(letters) != match[2]:
        raise ValueError(f"{pinyin!r} is no syllable of pinyin")
    initial = (_INITIALS[match[1]],) if match[1] else ()
    return (*initial, *(_FINALS[letter] for letter in letters))


@dataclass(frozen=True)
class LipsTake:
    """A sentence of a speaker. number: from 1, of the speaker's."""

    seed: int
    speaker: int
    number: int
    text: str

    @property
    def key(self) -> str:
        """As the data set names clips: speaker, age, sex, topic, number."""
        return (
            f"{100 + self.speaker}_{20 + 3 * self.speaker % 40}_{'MF'[self.speaker % 2]}_{self.topic}_{self.number:03d}"
        )

    @property
    def topic(self) -> str:
        return TOPICS[self.number % len(TOPICS)]

    @property
    def video(self) -> str:
        """Below the folder of its split."""
        return f"{100 + self.speaker}/{self.key}_FACE.mp4"

    @property
    def face(self) -> str:
        """The video of the whole face, below the root."""
        return f"{self.key.rpartition('_')[0]}/FACE/{self.key}_FACE.mp4"

    def row(self) -> tuple[str, ...]:
        """The table's line."""
        return (self.key, self.topic, "", "", f"{self.topic}/{self.video}", self.text)

    def sounds(self) -> list[Sound]:
        """Between two silences."""
        draw = random.Random(f"mandarin:{self.seed}:{self.key}")  # noqa: S311
        sounds = [Sound(VISEMES["rest"], 0.0, _SILENCE_S)]
        for character in self.text:
            visemes = [VISEMES[name] for name in visemes_of(PINYIN[character])]
            whole_s, total = _CHARACTER_S * draw.uniform(0.85, 1.2), sum(one.length for one in visemes)
            for viseme in visemes:
                start_s = sounds[-1].end_s
                sounds.append(Sound(viseme, start_s, start_s + whole_s * viseme.length / total))
        return [*sounds, Sound(VISEMES["rest"], sounds[-1].end_s, sounds[-1].end_s + _SILENCE_S)]

    def faces(self, fps_hz: int, window: tuple[slice, slice] = WHOLE) -> Iterator[UInt8Array]:
        """RGB frames [288, 360, 3], or what of them is in the window."""
        sounds = self.sounds()
        track = mouth_track(sounds, np.arange(round(sounds[-1].end_s * fps_hz)) / fps_hz)
        poses = [MouthPose(float(opening), float(width), float(rounding)) for opening, width, rounding in track]
        return draw_frames(_actor(self.seed, self.speaker), poses, f"mandarin:{self.seed}:{self.key}", window)

    def mouths(self) -> Iterator[UInt8Array]:
        """Grey pictures of SIDE_PX, 25 a second."""
        for frame_HWC in self.faces(FPS_HZ, _window(_actor(self.seed, self.speaker).look)):
            grey_HW = cv2.cvtColor(frame_HWC, cv2.COLOR_RGB2GRAY)
            yield np.asarray(cv2.resize(grey_HW, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)

    def media(self) -> bytes:
        """The encoded clip of the mouth."""
        return _encoded((np.repeat(grey_HW[:, :, None], 3, axis=2) for grey_HW in self.mouths()), FPS_HZ, 400_000)

    def face_media(self) -> bytes:
        """The encoded clip of the face."""
        return _encoded(self.faces(FACE_FPS_HZ), FACE_FPS_HZ, 1_500_000)


def _encoded(frames: Iterable[UInt8Array], fps_hz: int, bits_a_second: int) -> bytes:
    """MPEG-4 in mp4, without sound, a function of the pictures alone. frames: RGB, of one size."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("mpeg4", rate=fps_hz, options=_STEADY)
        for i, frame_HWC in enumerate(frames):
            if i == 0:
                video.height, video.width = frame_HWC.shape[:2]
                video.pix_fmt, video.bit_rate = "yuv420p", bits_a_second
                video.codec_context.time_base = Fraction(1, fps_hz)
            frame = av.VideoFrame.from_ndarray(frame_HWC, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, fps_hz)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return file.getvalue()


def draw_texts(seed: int, speaker: int, num: int) -> list[str]:
    """Sentences of a speaker, each another as long as there are any: a longer list begins with the shorter one."""
    draw = random.Random(f"mandarin:{seed}:{speaker}")  # noqa: S311
    texts: list[str] = []
    known: set[str] = set()
    while len(texts) < num:
        text = "".join(draw.choice(slot) for slot in _SLOTS)
        if text not in known or len(known) >= _NUM_SENTENCES:
            known.add(text)
            texts.append(text)
    return texts


def split_of(speaker: int, num_speakers: int) -> str:
    """Where there are three speakers or more, the last one is tested on and the one before validated on."""
    if num_speakers < 3:
        return "train"
    return {num_speakers: "test", num_speakers - 1: "val"}.get(speaker, "train")


def mandarin_files(
    seed: int, num_speakers: int, num_clips: int, *, broken: bool, faces: bool = False
) -> Iterator[tuple[str, Callable[[], bytes], str, str]]:
    """Every file of the corpus: path, what makes its bytes, the fault ("" if none), the code expected for it.

    num_clips: of each speaker. broken: adds lines of which nothing can be learnt. faces: adds the videos of whole
    faces, and the table of all clips.
    """
    rows: dict[str, list[Sequence[str]]] = {}
    for speaker in range(1, num_speakers + 1):
        split = split_of(speaker, num_speakers)
        for number, text in enumerate(draw_texts(seed, speaker, num_clips), 1):
            take = LipsTake(seed, speaker, number, text)
            rows.setdefault(split, []).append(take.row())
            yield f"{TABLES[split][1]}/{take.video}", take.media, "", ""
            if faces:
                yield take.face, take.face_media, "", ""
    if broken:
        odd: list[Sequence[str]] = [("190_20_F_KJ_001", "KJ", "", "", "KJ/190/190_20_F_KJ_001_FACE.mp4", "我们")]
        odd += [
            ("190_20_F_KJ_002", "KJ", "", "", "KJ/190/gone.mp4", "他们"),
            ("190_20_F_KJ_003", *rows["train"][0][1:5], ""),
        ]
        rows["train"] += odd
        places = ["processed_train/190", *(["190_20_F_KJ/FACE"] if faces else [])]
        for place in places:
            yield f"{place}/190_20_F_KJ_001_FACE.mp4", _no_video, "the clip is a text file", "OPEN_FAILED"
    if faces:
        yield ALL_TABLE, partial(_table, [row for lines in rows.values() for row in lines]), "", ""
    for split, lines in rows.items():
        yield TABLES[split][0], partial(_table, lines), "", ""


def _no_video() -> bytes:
    return b"no video\n"


def _table(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([HEAD, *rows])
    return out.getvalue().encode()


def _window(look: Look) -> tuple[slice, slice]:
    """Rows and columns of the crop."""
    half_px = round(_CROP * look.size_px / 2)
    y_px, x_px = round(look.eyes_y_px + MOUTH_Y * look.size_px), round(look.eyes_x_px)
    return slice(y_px - half_px, y_px + half_px), slice(x_px - half_px, x_px + half_px)


@cache
def _actor(seed: int, speaker: int) -> Actor:
    return Actor.of(look_of(seed, speaker))


_NUM_SENTENCES = int(np.prod([len(slot) for slot in _SLOTS]))
