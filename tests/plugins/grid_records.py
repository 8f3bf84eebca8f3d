"""Small sets of TFRecords as `visemill run grid` writes them: clips of a few frames of 4x6 px."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.formats.example import encode_example
from services.formats.tfrecord import write_record
from services.records.grid.labels import encode_label

MAX_FRAMES, HEIGHT_PX, WIDTH_PX = 12, 4, 6


@dataclass(frozen=True)
class MadeClip:
    """content: seed of its frames. labels: class ids in place of those of the text. width_px: of its frames."""

    speaker: str
    utterance: str
    text: str = "bin at"
    num_frames: int = 10
    content: int | None = None
    labels: tuple[int, ...] | None = None
    width_px: int = WIDTH_PX

    @property
    def key(self) -> str:
        return f"{self.speaker}/{self.utterance}"

    def frames_THWC(self) -> npt.NDArray[np.uint8]:
        """Padded with 0 to MAX_FRAMES."""
        seed = self.content if self.content is not None else int.from_bytes(self.key.encode())
        shape = (MAX_FRAMES, HEIGHT_PX, self.width_px, 3)
        frames_THWC = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
        frames_THWC[self.num_frames :] = 0
        return frames_THWC

    def record(self) -> bytes:
        label = encode_label(self.text, 16)
        ids = label.ids if self.labels is None else self.labels
        t, h, w, c = self.frames_THWC().shape
        return encode_example(
            {
                "frames": self.frames_THWC().tobytes(),
                "t": t,
                "h": h,
                "w": w,
                "c": c,
                "label": ids,
                "label_len": label.length if self.labels is None else len(ids),
                "input_len": self.num_frames,
                "utterance_id": self.utterance.encode(),
                "speaker_id": self.speaker.encode(),
            }
        )


def write_shards(root: Path, clips: Mapping[str, Sequence[Sequence[MadeClip]]]) -> None:
    """clips: split -> shards -> clips."""
    root.mkdir(parents=True, exist_ok=True)
    for split, shards in clips.items():
        for number, shard in enumerate(shards):
            with (root / f"{split}-{number:05d}-of-{len(shards):05d}.tfrecord").open("wb") as file:
                for clip in shard:
                    write_record(file, clip.record())


def speakers_clips(*speakers: str, clips: int = 3) -> list[MadeClip]:
    return [MadeClip(speaker, f"clip{i}") for speaker in speakers for i in range(clips)]
