"""What the 78 points cost a kept frame, of that MediaPipe's own calls, and what each rule of finding hands is worth.

    python benchmarks/keypoints.py [--fps 15] [--repeats 3] [--scaling-repeats 3]

CPU time of this process; frames are decoded before. `calls`: MediaPipe's landmarkers and the making of its images;
`over`: everything else. `original`: what the original script needed a kept frame, decoding included, measured apart.
Hands: frames with a left and a right hand; golden: MediaPipe Holistic 0.10.21 on a blacked-out background; no 2nd:
without the second look at the wrists; no skip: looked for also where the body has its hands far out of the frame.
Scaling: frames a second of two processes side by side over those of one, which take turns, medians; by the clock it
says something only where two cores are idle. CPU time a frame tells elsewhere what they cost each other in caches and
memory. `calls` counts the landmarker calls that were made.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "plugins"))

import av
import numpy as np
from point_measures import GROUPS, shown_points

from services.base.errors import VisemillError
from services.base.media.arrays import UInt8Array
from services.base.media.points import Keypoints
from services.base.media.video import FrameChunk
from services.base.process.threads import thread_environment
from services.landmarks.body import hands, mediapipe_body, stage
from services.landmarks.body.layout import LEFT_HAND, RIGHT_HAND
from services.landmarks.body.spec import KeypointsConfig
from services.landmarks.body.stage import HolisticModels, KeypointsOfClip
from services.landmarks.mediapipe import tasks

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")).resolve() / "data"
ORIGINAL_MS = 85.0


def sampled(path: Path, fps: int) -> tuple[UInt8Array, np.ndarray]:
    frames, times_s, next_s = [], [], 0.0
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        for frame in container.decode(video):
            time_s = float(frame.pts * video.time_base)
            if time_s * 1000 >= next_s * 1000:
                next_s += 1 / fps
                frames.append(frame.to_ndarray(format="rgb24"))
                times_s.append(time_s)
    return np.stack(frames), np.array(times_s)


def run(models: HolisticModels, frames_THWC: UInt8Array, pts_s: np.ndarray) -> Keypoints:
    clip = KeypointsOfClip(models, "clip")
    clip.push(FrameChunk(0, frames_THWC, pts_s))
    return clip.finish({})


class Calls:
    """CPU seconds and number of MediaPipe's calls, by task and mode."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def watch(self, kind: Any, method: str) -> None:
        inner = getattr(kind, method)

        def timed(task: Any, *arguments: Any) -> Any:
            start_s = time.process_time()
            result = inner(task, *arguments)
            name = f"{kind.__name__}.{method}"
            self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start_s
            self.counts[name] = self.counts.get(name, 0) + 1
            return result

        setattr(kind, method, timed)

    def watch_images(self, module: Any) -> None:
        inner = module.image

        def timed(*arguments: Any) -> Any:
            start_s = time.process_time()
            made = inner(*arguments)
            self.seconds["Image"] = self.seconds.get("Image", 0.0) + time.process_time() - start_s
            self.counts["Image"] = self.counts.get("Image", 0) + 1
            return made

        module.image = timed

    def reset(self) -> None:
        self.seconds, self.counts = {}, {}


def watched() -> Calls:
    from mediapipe.tasks.python import vision

    calls = Calls()
    for kind in (vision.PoseLandmarker, vision.HandLandmarker, vision.FaceLandmarker):
        calls.watch(kind, "detect")
        calls.watch(kind, "detect_for_video")
    calls.watch(vision.FaceDetector, "detect")
    for module in (mediapipe_body, tasks):
        calls.watch_images(module)
    return calls


def hand_frames(keypoints: Keypoints) -> tuple[int, int]:
    shown_TN = shown_points(keypoints)
    return int(shown_TN[:, LEFT_HAND].any(axis=1).sum()), int(shown_TN[:, RIGHT_HAND].any(axis=1).sum())


@contextmanager
def replaced(owner: Any, name: str, other: Any) -> Iterator[None]:
    kept = getattr(owner, name)
    setattr(owner, name, other)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def cost(models: HolisticModels, calls: Calls, clips: dict[str, Any], repeats: int) -> None:
    print(f"{'clip':<28} {'frames':>6} {'ms/frame':>9} {'calls':>7} {'over':>7} {'original':>9} {'ratio':>6}")
    for name, (frames_THWC, pts_s) in clips.items():
        totals, called = [], []
        for _ in range(repeats):
            calls.reset()
            start_s = time.process_time()
            run(models, frames_THWC, pts_s)
            totals.append((time.process_time() - start_s) / len(frames_THWC) * 1e3)
            called.append(sum(calls.seconds.values()) / len(frames_THWC) * 1e3)
        total_ms, called_ms = min(zip(totals, called, strict=True))
        print(
            f"{name:<28} {len(frames_THWC):>6} {total_ms:>9.1f} {called_ms:>7.1f} {total_ms / called_ms - 1:>7.1%} "
            f"{ORIGINAL_MS:>9.1f} {ORIGINAL_MS / total_ms:>6.2f}"
        )
        for call, seconds in sorted(calls.seconds.items(), key=lambda item: -item[1]):
            print(f"    {call:<32} {calls.counts[call]:>5} calls {seconds / calls.counts[call] * 1e3:>7.1f} ms each")


def recall(models: HolisticModels, clips: dict[str, Any], fps: int) -> None:
    print(
        f"\n{'hands found (left, right)':<28} {'golden':>10} {'default':>10} {'no 2nd':>10} {'skip':>10} {'skip ms':>8}"
    )
    for name, (frames_THWC, pts_s) in clips.items():
        golden_TN = np.load(DATA / "golden" / f"{name}_{fps}fps.npz")["mask_raw"]
        found = [tuple(int(golden_TN[:, group.start].sum()) for group in (LEFT_HAND, RIGHT_HAND))]
        spent_s = [time.process_time()]
        found.append(hand_frames(run(models, frames_THWC, pts_s)))
        spent_s.append(time.process_time())
        with replaced(stage, "_handless", lambda *_: False):
            searched = hand_frames(run(models, frames_THWC, pts_s))
        spent_s.append(time.process_time())
        with replaced(hands, "hand_window", lambda *_: None):
            found.append(hand_frames(run(models, frames_THWC, pts_s)))
        found.append(searched)
        saved_ms = (spent_s[2] - 2 * spent_s[1] + spent_s[0]) / len(frames_THWC) * 1e3
        print(f"{name:<28} " + " ".join(f"{pair!s:>10}" for pair in found) + f" {saved_ms:>9.1f}")


def scaling(fps: int, repeats: int) -> None:
    """One process against two, each over all clips; how busy the machine was is printed beside it."""
    argv = [sys.executable, str(Path(__file__).resolve()), "--worker", "--fps", str(fps)]
    environment = {**os.environ, **thread_environment(1), "PYTHONPATH": str(ROOT)}

    def measured(num_processes: int) -> tuple[float, float]:
        """(frames a second by the clock, CPU ms a frame)."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        running = [subprocess.Popen(argv, env=environment, **pipes) for _ in range(num_processes)]
        for process in running:  # models are loaded, and have seen a clip
            process.stdout.readline()
        since_s = time.perf_counter()
        for process in running:
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate()[0].split() for process in running]
        wall_s = time.perf_counter() - since_s
        num_frames = sum(int(frames) for frames, _ in said)
        return num_frames / wall_s, sum(float(cpu_s) for _, cpu_s in said) / num_frames * 1e3

    rounds = [(measured(1), measured(2)) for _ in range(repeats)]
    (one, one_ms), (two, two_ms) = (
        tuple(map(statistics.median, zip(*row, strict=True))) for row in zip(*rounds, strict=True)
    )
    print(f"\nscaling, medians of {repeats} rounds; load {os.getloadavg()[0]:.1f}")
    print(f"by the clock: one process {one:.1f} frames/s, two {two:.1f}: {two / one:.2f} times")
    idle = f"{2 * one_ms / two_ms:.2f} times on two idle cores"
    print(f"CPU ms a frame: one {one_ms:.1f}, two side by side {two_ms:.1f}: {idle}")


def worker(fps: int) -> None:
    """The other side of `scaling`."""
    models = HolisticModels(KeypointsConfig())
    clips = [sampled(path, fps) for path in sorted(DATA.glob("sign/*.mp4"))]
    run(models, *clips[0])
    print("ready", flush=True)
    sys.stdin.readline()
    since_s = time.process_time()
    for clip in clips:
        run(models, *clip)
    print(sum(len(frames_THWC) for frames_THWC, _ in clips), time.process_time() - since_s)


def agreement(sizes: dict[int, HolisticModels], clips: dict[str, Any], fps: int) -> None:
    print(f"\n{'agreement':<28} {'out_size':>8} {'group':>11} {'frames':>11} {'mean dist':>10} {'median':>8}")
    for name, (frames_THWC, pts_s) in clips.items():
        golden = np.load(DATA / "golden" / f"{name}_{fps}fps.npz")
        golden_TNC, golden_TN = golden["X_raw"].reshape(-1, 78, 2), golden["mask_raw"]
        for size, models in sizes.items():
            keypoints = run(models, frames_THWC, pts_s)
            shown_TN = shown_points(keypoints)
            distance_TN = np.linalg.norm(np.clip(keypoints.xy_TNC, 0, 1) - golden_TNC, axis=2)
            for group_name, group in GROUPS.items():
                both = distance_TN[:, group][golden_TN[:, group] & shown_TN[:, group]]
                counts = [int(mask[:, group].any(axis=1).sum()) for mask in (shown_TN, golden_TN)]
                mean, median = (float(f(both)) if len(both) else 0.0 for f in (np.mean, np.median))
                print(
                    f"{name:<28} {size:>8} {group_name:>11} {counts[0]:>5}/{counts[1]:<5} {mean:>10.4f} {median:>8.4f}"
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fps", type=int, choices=(15, 30), default=15)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scaling-repeats", type=int, default=3)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.worker:
        worker(flags.fps)
        return
    paths = sorted(DATA.glob("sign/*.mp4"))
    if not paths:
        sys.exit(f"no real clips under {DATA}: set VISEMILL_TESTDATA")
    calls = watched()
    start_s = time.process_time()
    try:
        sizes = {256: HolisticModels(KeypointsConfig()), 0: HolisticModels(KeypointsConfig(out_size=0))}
    except VisemillError as error:
        sys.exit(str(error))
    print(f"{flags.fps} fps; loading twice {time.process_time() - start_s:.2f} CPU s")
    clips = {path.stem: sampled(path, flags.fps) for path in paths}
    cost(sizes[256], calls, clips, flags.repeats)
    recall(sizes[256], clips, flags.fps)
    agreement(sizes, clips, flags.fps)
    scaling(flags.fps, flags.scaling_repeats)


if __name__ == "__main__":
    main()
