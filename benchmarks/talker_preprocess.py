"""A person's folder from a video: ours in one pass, against the sequence of SyncTalk_2D's scripts, on real media.

    python benchmarks/talker_preprocess.py [--video FILE] [--rounds N]

The sequence: the video encoded anew at 25 Hz (libx264, CRF 18, preset slow, by PyAV), every frame of it written as a
PNG by OpenCV with its own settings, every PNG read again, a face sought in it by SCRFD and 98 points found by PFLD,
both on onnxruntime, and the points written as a text. Ours: decode, landmarks by MediaPipe, and talkerfiles, which
writes PNGs, pickles and tables. Sound and its features are left out of both. One thread each but for what encodes:
libx264 and our PNGs take the cores there are. Of several rounds the fastest counts.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import onnxruntime

from services.__main__ import open_stage
from services.base.media.audio import AlignedSound
from services.base.media.clip import Clip, Media
from services.base.media.features import AudioFeatures
from services.base.stage.clip_pass import ClipPass, DonePart, FilePart, PiecePart
from services.base.stage.spec import ClipJob
from services.formats.png import png_of_photograph

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")).resolve()
FPS = 25


class Clock:
    def __init__(self) -> None:
        self.wall_s: dict[str, float] = {}

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        began_s = time.perf_counter()
        yield
        self.wall_s[step] = self.wall_s.get(step, 0.0) + time.perf_counter() - began_s

    @property
    def total_s(self) -> float:
        return sum(self.wall_s.values())


def encoded_anew(video: Path, folder: Path) -> Path:
    anew = folder / "25fps.mp4"
    with av.open(str(video)) as source, av.open(str(anew), "w") as target:
        shown = source.streams.video[0]
        stream = target.add_stream("libx264", rate=FPS, options={"crf": "18", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = shown.width, shown.height, "yuv420p"
        for number, frame in enumerate(source.decode(shown)):
            picture = frame.reformat(format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            target.mux(stream.encode(picture))
        target.mux(stream.encode())
    return anew


class Search:
    """The largest face's 98 points in one picture, from nothing."""

    def __init__(self, weights: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.faces, self.points = (
            onnxruntime.InferenceSession(str(weights / name), options, ["CPUExecutionProvider"])
            for name in ("scrfd_2.5g_kps.onnx", "PFLD_GhostOne_112_1_opt_sim.onnx")
        )

    def __call__(self, picture_bgr_HWC: np.ndarray) -> np.ndarray:
        left, top, side = self._box(picture_bgr_HWC)
        padded_HWC = cv2.copyMakeBorder(picture_bgr_HWC, side, side, side, side, cv2.BORDER_CONSTANT)
        face_HWC = cv2.resize(padded_HWC[top + side : top + 2 * side, left + side : left + 2 * side], (112, 112))
        face_CHW = face_HWC.astype(np.float32).transpose(2, 0, 1)[None] / 255
        found = self.points.run(None, {self.points.get_inputs()[0].name: face_CHW})
        return next(one for one in found if one.size == 196).reshape(98, 2) * side + (left, top)

    def _box(self, picture_bgr_HWC: np.ndarray) -> tuple[int, int, int]:
        height_px, width_px = picture_bgr_HWC.shape[:2]
        scale = 640 / max(height_px, width_px)
        small_HWC = cv2.resize(picture_bgr_HWC, (round(width_px * scale), round(height_px * scale)))
        square_HWC = np.zeros((640, 640, 3), np.uint8)
        square_HWC[: small_HWC.shape[0], : small_HWC.shape[1]] = small_HWC
        blob = ((square_HWC[..., ::-1].astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)[None]
        found = self.faces.run(None, {self.faces.get_inputs()[0].name: blob})
        best, box = -1.0, (0.0, 0.0, 1.0, 1.0)
        for level, stride in enumerate((8, 16, 32)):
            scores, distances = found[level].ravel(), found[level + 3].reshape(-1, 4) * stride
            place = int(scores.argmax())
            if scores[place] > best:
                best, cells = float(scores[place]), 640 // stride
                x, y = place // 2 % cells * stride, place // 2 // cells * stride
                box = (
                    x - distances[place, 0],
                    y - distances[place, 1],
                    x + distances[place, 2],
                    y + distances[place, 3],
                )
        left, top, right, bottom = (float(value) / scale for value in box)
        side = int(1.05 * max(right - left, bottom - top))
        return int((left + right) / 2 - side / 2), int((top + bottom) / 2 - side / 2), side


def sequence(video: Path, folder: Path, search: Search) -> Clock:
    clock = Clock()
    with clock.of("encode at 25 Hz"):
        anew = encoded_anew(video, folder)
    with clock.of("write pictures"):
        reader, num_frames = cv2.VideoCapture(str(anew)), 0
        while (read := reader.read())[0]:
            cv2.imwrite(str(folder / f"{num_frames:06d}.png"), read[1])
            num_frames += 1
    for number in range(num_frames):
        with clock.of("read pictures"):
            picture_HWC = cv2.imread(str(folder / f"{number:06d}.png"))
        with clock.of("find points"):
            points_NC = search(picture_HWC)
            lines = "".join(f"{x} {y}\n" for x, y in points_NC.astype(int).tolist())
            (folder / f"{number}.lms").write_text(lines)
    return clock


def ours(video: Path, folder: Path) -> tuple[float, dict[str, float], int]:
    """(wall seconds, CPU seconds by stage, frames)."""
    began_s = time.perf_counter()
    num_frames = num_source_frames(video)
    given = {
        "aligned_sound": AlignedSound(np.zeros(num_frames * 16_000 // FPS, np.int16), 16_000, num_frames, FPS),
        "audio_features": AudioFeatures("mel", "", np.zeros((num_frames, 512), np.float32), FPS),
    }
    job = ClipJob(Clip("a", "a", "a", video.name), Media.of_file(video))
    cpu_s: dict[str, float] = {}
    for part in PASS.run(job, given):
        if isinstance(part, FilePart):
            path = folder / part.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        elif isinstance(part, PiecePart):
            with path.open("ab") as file:
                file.write(part.data)
        elif isinstance(part, DonePart):
            cpu_s = dict(part.seconds)
    return time.perf_counter() - began_s, cpu_s, num_frames


def num_source_frames(video: Path) -> int:
    with av.open(str(video)) as source:
        return source.streams.video[0].frames


def png_s(video: Path) -> tuple[float, float]:
    """CPU seconds that the video's frames take as PNGs, by ours and by OpenCV's settings."""
    with av.open(str(video)) as source:
        frames = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]
    began_s = time.process_time()
    ours_bytes = sum(len(png_of_photograph(frame_HWC)) for frame_HWC in frames)
    between_s = time.process_time()
    theirs_bytes = sum(len(cv2.imencode(".png", frame_HWC[..., ::-1])[1]) for frame_HWC in frames)
    ended_s = time.process_time()
    print(
        f"PNG, MB a frame: ours {ours_bytes / len(frames) / 1e6:.3f}, OpenCV's {theirs_bytes / len(frames) / 1e6:.3f}"
    )
    return between_s - began_s, ended_s - between_s


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", type=Path, default=SHARED / "data/talker/wda_000.mp4")
    parser.add_argument("--rounds", type=int, default=2)
    flags = parser.parse_args()
    weights = SHARED / "weights"
    if not flags.video.is_file() or not (weights / "scrfd_2.5g_kps.onnx").is_file():
        print("talker_preprocess: no real media or weights here (VISEMILL_TESTDATA); skipped")
        return 0
    search = Search(weights)
    theirs_best, ours_best = None, None
    for _ in range(flags.rounds):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            clock = sequence(flags.video, Path(one), search)
            theirs_best = clock if theirs_best is None or clock.total_s < theirs_best.total_s else theirs_best
            found = ours(flags.video, Path(other))
            ours_best = found if ours_best is None or found[0] < ours_best[0] else ours_best
    assert theirs_best is not None and ours_best is not None
    wall_s, cpu_s, num_frames = ours_best
    print(f"{flags.video.name}: {num_frames} frames")
    for step, step_s in theirs_best.wall_s.items():
        print(f"  sequence  {step:16} {1000 * step_s / num_frames:7.1f} ms a frame")
    print(f"  sequence  {'in all':16} {1000 * theirs_best.total_s / num_frames:7.1f} ms a frame")
    for stage, stage_s in cpu_s.items():
        print(f"  ours      {stage:16} {1000 * stage_s / num_frames:7.1f} ms of CPU a frame")
    print(f"  ours      {'in all':16} {1000 * wall_s / num_frames:7.1f} ms a frame")
    own_s, opencv_s = png_s(flags.video)
    print(f"PNG, ms of CPU a frame: ours {1000 * own_s / num_frames:.1f}, OpenCV's {1000 * opencv_s / num_frames:.1f}")
    print(f"share of PNG in ours, of CPU: {own_s / max(sum(cpu_s.values()), 1e-9):.0%}")
    print(f"ratio: {theirs_best.total_s / wall_s:.1f} (goal: at least 4)")
    return 0


PASS = ClipPass([open_stage(name, {}, None, {}) for name in ("decode", "landmarks", "talkerfiles")])

if __name__ == "__main__":
    sys.exit(main())
