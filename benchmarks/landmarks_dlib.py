"""The dlib backend on real clips, one core: time, error against the per-frame reference, steadiness.

    python benchmarks/landmarks_dlib.py [--clips 50] [--jitters 9]

All in: decode, find, predict, crop the mouth. CPU time of this process, a clip of each row in turn, so that a busy
machine slows all rows alike; ratios are what counts. NME: mean distance of the points to the reference's over the
distance of the outer eye corners; IoU: of padded mouth boxes, a clip's mean, the worst clip; jitter: mean distance of
the points from one frame to the next over the distance of the eye corners.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import av
import av.video.reformatter
import cv2
import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from services.base.media.points import Landmarks
from services.base.media.topology import IBUG_68, topology
from services.base.media.video import FrameChunk
from services.landmarks.face.backend import Backend
from services.landmarks.face.dlib.points import open_dlib68
from services.landmarks.models import DLIB_PREDICTOR, find

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")).resolve() / "data"
LIPS = list(topology(IBUG_68).group("lips"))
EYES = list(topology(IBUG_68).group("outer_eye_corners"))
NUM_A_CHUNK = 25


@dataclass
class Row:
    """One line of the table; a list entry for each clip."""

    name: str
    backend: Backend
    ms: list[float] = field(default_factory=list)
    nme: list[float] = field(default_factory=list)
    iou: list[float] = field(default_factory=list)
    jitter: list[float] = field(default_factory=list)
    num_missing_differs: int = 0


def decode(path: Path) -> list[np.ndarray]:
    """Chunks of frames, uint8 [T, H, W, 3]."""
    chunks: list[np.ndarray] = []
    reformatter = av.video.reformatter.VideoReformatter()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        size = (stream.height, stream.width, 3)
        for index, frame in enumerate(container.decode(stream)):
            if index % NUM_A_CHUNK == 0:
                chunks.append(np.empty((NUM_A_CHUNK, *size), np.uint8))
            rgb = reformatter.reformat(frame, format="rgb24", threads=1)
            chunks[-1][index % NUM_A_CHUNK] = rgb.to_ndarray()
        chunks[-1] = chunks[-1][: index % NUM_A_CHUNK + 1]
    return chunks


def carry(path: Path, backend: Backend) -> tuple[Landmarks, float]:
    """One clip all the way to its mouth crops: the points, and milliseconds a frame."""
    start_s = time.process_time()
    chunks = decode(path)
    track = backend.track(chunks[0].shape[2], chunks[0].shape[1])
    at = 0
    for frames in chunks:
        track.push(FrameChunk(at, frames, (at + np.arange(len(frames))) / 25.0))
        at += len(frames)
    found = track.finish()
    boxes = mouth_boxes(found)
    for frame, box in zip((f for c in chunks for f in c), boxes, strict=True):
        if np.isfinite(box).all():
            left, top, right, bottom = (int(v) for v in box.clip(0))
            cv2.resize(frame[top : bottom + 1, left : right + 1], (100, 50), interpolation=cv2.INTER_AREA)
    return found, (time.process_time() - start_s) / at * 1e3


def mouth_boxes(found: Landmarks) -> np.ndarray:
    low, high = found.points_TNC[:, LIPS].min(axis=1), found.points_TNC[:, LIPS].max(axis=1)
    pad = (high - low) * [0.2, 0.3]
    return np.concatenate([low - pad, high + pad], axis=1)


def mean_iou(a: np.ndarray, b: np.ndarray) -> float:
    shared = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None).prod(axis=1)
    areas = [(box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a, b)]
    return float((shared / (areas[0] + areas[1] - shared)).mean())


def measure(row: Row, path: Path, reference: Landmarks | None) -> Landmarks:
    found, ms = carry(path, row.backend)
    reference = reference or found
    both = found.present_T & reference.present_T
    a, b = found.points_TNC[both], reference.points_TNC[both]
    eyes = np.linalg.norm(np.diff(b[:, EYES], axis=1)[:, 0], axis=1)
    row.ms.append(ms)
    row.nme.append(float((np.linalg.norm(a - b, axis=2).mean(axis=1) / eyes).mean() * 100))
    row.iou.append(mean_iou(mouth_boxes(found)[both], mouth_boxes(reference)[both]))
    row.jitter.append(float(np.linalg.norm(np.diff(a, axis=0), axis=2).mean() / eyes.mean() * 100))
    row.num_missing_differs += int((found.present_T != reference.present_T).sum())
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=50)
    parser.add_argument("--jitters", type=int, default=9, help="rectangles averaged in the quality rows")
    flags = parser.parse_args()
    predictor = find(DLIB_PREDICTOR)
    paths = sorted((DATA / "grid").glob("*/*.mpg"))[: flags.clips]
    if predictor is None or not paths:
        sys.stderr.write(f"needs a 68-point predictor (found: {predictor}) and clips under {DATA}/grid\n")
        return 1
    cv2.setNumThreads(1)
    rows = [
        Row("per-frame", open_dlib68(predictor, "per-frame")),
        Row("tracked", open_dlib68(predictor, "tracked")),
        Row(f"tracked, {flags.jitters} rectangles", open_dlib68(predictor, "tracked", flags.jitters)),
    ]
    for path in paths:
        reference: Landmarks | None = None
        for row in rows:
            found = measure(row, path, reference)
            reference = reference or found
    base_ms = np.mean(rows[0].ms)
    print(f"{len(paths)} clips, CPU ms a frame all in (median clip), NME and jitter in % of the eye distance")
    print(f"{'mode':24}{'ms':>7}{'median':>8}{'ratio':>7}{'NME':>7}{'worst IoU':>11}{'jitter':>8}{'faces differ':>14}")
    for row in rows:
        print(
            f"{row.name:24}{np.mean(row.ms):7.2f}{np.median(row.ms):8.2f}{base_ms / np.mean(row.ms):7.1f}"
            f"{np.mean(row.nme):7.3f}{min(row.iou):11.3f}{np.mean(row.jitter):8.2f}{row.num_missing_differs:14d}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
