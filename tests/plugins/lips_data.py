"""A small data set in the layout of Chinese-LiPS: grey clips whose pictures tell their text, and tables of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

SPLITS = {"train": ("meta_train.csv", "processed_train"), "valid": ("meta_valid.csv", "processed_val"),
          "test": ("meta_test.csv", "processed_test")}  # fmt: skip
HEAD = ("file_id", "category", "wav_path", "ppt_path", "face_path", "text")
FRAMES_A_CHARACTER = 5


@dataclass(frozen=True)
class LipsExample:
    """size_px: of its square pictures. rate_hz: of its video."""

    key: str
    text: str
    topic: str = "KJ"
    size_px: int = 32
    rate_hz: int = 25

    @property
    def video(self) -> str:
        return f"{self.key}_FACE.mp4"

    def frames_THW(self) -> npt.NDArray[np.uint8]:
        """For each character some frames with a pattern of its own, which says what it is."""
        frames = []
        for character in self.text:
            pattern = np.random.default_rng(ord(character)).integers(40, 216, (4, 4), np.uint8)
            picture = np.kron(pattern, np.ones((self.size_px // 4, self.size_px // 4), np.uint8))
            frames += [picture] * FRAMES_A_CHARACTER
        return np.stack(frames)

    def row(self) -> tuple[str, ...]:
        return (self.key, self.topic, "", "", f"{self.topic}/x/{self.video}", self.text)


def video_file(frames_THW: npt.NDArray[np.uint8], rate_hz: int = 25) -> bytes:
    """mp4, of high quality."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=rate_hz)
        stream.height, stream.width = frames_THW.shape[1:]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 2_000_000
        for frame_HW in frames_THW:
            frame = av.VideoFrame.from_ndarray(np.repeat(frame_HW[:, :, None], 3, axis=2), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def table_file(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([head, *rows])
    return out.getvalue()


def write_lips(root: Path, clips: dict[str, Sequence[LipsExample]], *, licensed: bool = False) -> Path:
    """clips: split -> its clips. licensed: without the marker of data that were drawn."""
    for split, some in clips.items():
        table, folder = SPLITS[split]
        (root / folder / "x").mkdir(parents=True, exist_ok=True)
        (root / table).write_text(table_file([one.row() for one in some]), encoding="utf-8")
        for one in some:
            (root / folder / "x" / one.video).write_bytes(video_file(one.frames_THW(), one.rate_hz))
    if not licensed:
        (root / "demo-corpus.json").write_text("{}")
    return root
