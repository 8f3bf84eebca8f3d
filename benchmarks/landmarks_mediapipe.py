"""What following a face costs and saves with the mediapipe backend, on real clips, one core.

    python benchmarks/landmarks_mediapipe.py [--clips 50]

CPU time of this process, detection alone (frames are decoded before). Each clip goes through every row before the next
clip. `bare` is MediaPipe's own face landmarker as its guide has it: one face, the whole bundle, each frame an image.
Error: mean distance to per-frame over the outer-eye distance. IoU: a clip's mean over mouth boxes, the worst clip.
Jitter: mean second difference of the points over the outer-eye distance.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "plugins"))

import cv2
import numpy as np
from point_measures import box_iou, group_boxes, normalised_error

from services.base.media.arrays import Float32Array, UInt8Array
from services.base.media.points import Landmarks
from services.base.media.video import FrameChunk
from services.landmarks.face.backend import Backend
from services.landmarks.face.mediapipe import open_mediapipe
from services.landmarks.models import FACE_LANDMARKER, paths_of
from services.landmarks.spec import LandmarksConfig

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")).resolve() / "data"


def frames_of(path: Path) -> UInt8Array:
    video, frames = cv2.VideoCapture(str(path)), []
    while (read := video.read())[0]:
        frames.append(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB))
    return np.stack(frames).astype(np.uint8)


def run(backend: Backend, frames_THWC: UInt8Array) -> Landmarks:
    track = backend.track(frames_THWC.shape[2], frames_THWC.shape[1])
    track.push(FrameChunk(0, frames_THWC, np.arange(len(frames_THWC)) / 25.0))
    return track.finish()


def open_bare(model: Path) -> object:
    from mediapipe.tasks.python import vision
    from mediapipe.tasks.python.core.base_options import BaseOptions

    options = vision.FaceLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(model)))
    return vision.FaceLandmarker.create_from_options(options)


def run_bare(task: object, frames_THWC: UInt8Array) -> int:
    import mediapipe as mp

    num_found = 0
    for frame_HWC in frames_THWC:
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=frame_HWC)
        num_found += bool(task.detect(image).face_landmarks)  # type: ignore[attr-defined]
    return num_found


def jitter_pct(landmarks: Landmarks) -> float:
    points_TNC: Float32Array = landmarks.points_TNC[landmarks.present_T]
    eyes_T2C = landmarks.group("outer_eye_corners")[landmarks.present_T]
    between_px = np.linalg.norm(eyes_T2C[:, 0] - eyes_T2C[:, 1], axis=1).mean()
    return float(np.linalg.norm(np.diff(points_TNC, n=2, axis=0), axis=2).mean() / between_px * 100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=50)
    flags = parser.parse_args()
    paths = sorted(DATA.glob("grid/*/*.mpg"))[: flags.clips]
    if not paths:
        sys.exit(f"no real clips under {DATA}: set VISEMILL_TESTDATA")
    cv2.setNumThreads(1)
    model = paths_of(LandmarksConfig())[FACE_LANDMARKER]
    start_s = time.process_time()
    tracked = open_mediapipe(model, "tracked")
    load_s = time.process_time() - start_s
    per_frame, bare = open_mediapipe(model, "per-frame"), open_bare(model)

    spent_s = {"bare": 0.0, "per-frame": 0.0, "tracked": 0.0}
    found = {"bare": 0, "per-frame": 0, "tracked": 0}
    errors_pct, ious, jitters_pct, num_frames = [], [], [], 0
    for path in paths:
        frames_THWC = frames_of(path)
        num_frames += len(frames_THWC)
        marks = [time.process_time()]
        found["bare"] += run_bare(bare, frames_THWC)
        marks.append(time.process_time())
        reference = run(per_frame, frames_THWC)
        marks.append(time.process_time())
        landmarks = run(tracked, frames_THWC)
        marks.append(time.process_time())
        for name, spent in zip(spent_s, np.diff(marks), strict=True):
            spent_s[name] += spent
        found["per-frame"] += int(reference.present_T.sum())
        found["tracked"] += int(landmarks.present_T.sum())
        errors_pct.append(np.nanmean(normalised_error(landmarks, reference)) * 100)
        ious.append(np.nanmean(box_iou(*(group_boxes(each, "lips", 0.2, 0.3) for each in (landmarks, reference)))))
        jitters_pct.append((jitter_pct(reference), jitter_pct(landmarks)))

    reference_jitter_pct, tracked_jitter_pct = np.mean(jitters_pct, axis=0)
    print(f"{len(paths)} clips, {num_frames} frames; loading {load_s:.2f} CPU s")
    print(f"{'mode':<10} {'ms/frame':>9} {'speed-up':>9} {'recall':>12} {'NME %':>7} {'worst IoU':>10} {'jitter %':>9}")
    for name, measures in (
        ("bare", f"{'':>7} {'':>10} {'':>9}"),
        ("per-frame", f"{0:>7.2f} {1:>10.3f} {reference_jitter_pct:>9.2f}"),
        ("tracked", f"{np.mean(errors_pct):>7.2f} {min(ious):>10.3f} {tracked_jitter_pct:>9.2f}"),
    ):
        each_ms = spent_s[name] / num_frames * 1e3
        ratio = spent_s["per-frame"] / spent_s[name]
        print(f"{name:<10} {each_ms:>9.2f} {ratio:>9.2f} {found[name]:>6}/{num_frames:<5} {measures}")
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"worst clip's NME {max(errors_pct):.2f} %; peak memory {peak_mib} MiB")


if __name__ == "__main__":
    main()
