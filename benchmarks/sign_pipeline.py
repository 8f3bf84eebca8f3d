"""The whole sign pipeline, keypoints and features on a CPU, against the seed's way on the same clips.

    python benchmarks/sign_pipeline.py [--clips 8 24] [--seconds 2] [--rounds 1] [--fps 15] [--original-ms 85]

The seed's way, with today's libraries: for each video MediaPipe's three landmarkers are made, InceptionV3 is built
and its weights are loaded; the video is decoded by OpenCV once for keypoints and once for features; every landmarker
sees every kept frame, stretched to 256; features go through torch as the network is loaded, 32 at a time; npz and
parquet are written once without and once with the features. What it cannot have today is left out: the segmenter that
blacked out the background, and MediaPipe's Holistic, whose figure (85 ms a kept frame, measured with 0.10.21, decoding
and segmenting included) the last line takes instead of the landmarkers'.

Both ways run as commands of one worker, from nothing to files; CPU seconds of all their processes, medians of rounds
in which they take turns. Two numbers of clips tell a run's start from what one more frame costs, which is what counts
for a data set. onnxruntime is given a network that was exported before, torch and the seed's way a state dict.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from services.base.process.threads import thread_environment
from services.landmarks.body.layout import FACE_MESH_INDICES, NUM_HAND_POINTS, NUM_POSE_POINTS
from services.records.sign.files.npz import encode_npz
from services.records.sign.files.parquet import encode_table
from services.records.sign.ops import fill_gaps

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")).resolve() / "data"
BATCH_SIZE, OUT_PX = 32, 256
SEED = "the seed's way"


def make_clips(folder: Path, num_clips: int, seconds: float) -> None:
    """Copies of the real clips, played forth and back until they last as long as asked for."""
    sources = sorted((DATA / "sign").glob("*.mp4"))
    if not sources:
        sys.exit(f"no real clips under {DATA}: set VISEMILL_TESTDATA")
    for i in range(num_clips):
        with av.open(str(sources[i % len(sources)])) as container:
            pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        pictures += pictures[-2:0:-1]
        start = 7 * (i // len(sources))
        with av.logging.Capture(), av.open(str(folder / f"clip{i:03}.mp4"), "w") as written:
            stream = written.add_stream("libx264", rate=30, options={"crf": "20"})
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            for k in range(round(30 * seconds)):
                picture = pictures[(start + k) % len(pictures)]
                written.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            written.mux(stream.encode())


def seeds_way(folder: Path, out: Path, weights: Path, fps: float) -> None:
    """One video after another, as the original script has it. Prints its seconds by purpose."""
    from services.landmarks.mediapipe.library import Library

    library = Library()
    spent = dict.fromkeys(("keypoints", "features", "models", "files"), 0.0)

    def lap(name: str, since_s: float) -> float:
        now_s = time.process_time()
        spent[name] += now_s - since_s
        return now_s

    out.mkdir()
    num_kept = 0
    for video in sorted(folder.glob("*.mp4")):
        since_s = time.process_time()
        landmarkers, network = made_landmarkers(library), made_network(weights)
        since_s = lap("models", since_s)
        xy_TNC, mask_TN, times_ms = keypoints_of(library, landmarkers, kept_frames(video, fps))
        xy_TNC, mask_TN = fill_gaps(xy_TNC, mask_TN, 5)
        num_kept += len(times_ms)
        since_s = lap("keypoints", since_s)
        arrays = {"X": xy_TNC.reshape(len(xy_TNC), -1), "mask": mask_TN, "timestamps_ms": np.array(times_ms, np.int64)}
        write_files(out, video.stem, arrays)
        since_s = lap("files", since_s)
        vectors_TD = features_of(network, [frame for frame, _ in kept_frames(video, fps)])
        since_s = lap("features", since_s)
        with np.load(out / f"{video.stem}.npz") as npz:
            write_files(out, video.stem, {name: npz[name] for name in arrays} | {"X2048": vectors_TD})
        lap("files", since_s)
    sys.stdout.write(json.dumps({"kept": num_kept, **spent}) + "\n")


def made_landmarkers(library: Any) -> list[Any]:
    from services.landmarks.models import FACE_LANDMARKER, HAND_LANDMARKER, POSE_LANDMARKER, find

    vision, made = library.vision, []
    for name, kind, kind_options, extra in (
        (POSE_LANDMARKER, vision.PoseLandmarker, vision.PoseLandmarkerOptions, {}),
        (HAND_LANDMARKER, vision.HandLandmarker, vision.HandLandmarkerOptions, {"num_hands": 2}),
        (FACE_LANDMARKER, vision.FaceLandmarker, vision.FaceLandmarkerOptions, {}),
    ):
        path = find(name, "")
        if path is None:
            sys.exit(f"{name} is in none of the usual places")
        base = library.options_type(model_asset_path=str(path))
        options = kind_options(base_options=base, running_mode=vision.RunningMode.VIDEO, **extra)
        made.append(library.create(kind, options, path))
    return made


def made_network(weights: Path) -> Any:
    import torch

    from services.features.frames.inception import InceptionV3

    network = InceptionV3()
    network.load_state_dict(torch.load(weights, weights_only=True))
    return network.eval()


def kept_frames(video: Path, fps: float) -> list[tuple[np.ndarray, float]]:
    """(BGR frame, milliseconds), decimated."""
    capture, kept, next_s = cv2.VideoCapture(str(video)), [], 0.0
    while True:
        there, frame_HWC = capture.read()
        if not there:
            return kept
        time_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
        if time_ms >= next_s * 1000:
            next_s += 1 / fps
            kept.append((frame_HWC, time_ms))


def keypoints_of(
    library: Any, landmarkers: list[Any], frames: list[tuple[np.ndarray, float]]
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    xy_TNC, mask_TN = np.zeros((len(frames), 78, 2), np.float32), np.zeros((len(frames), 78), np.bool_)
    pose, hands, face = landmarkers
    for t, (frame_HWC, time_ms) in enumerate(frames):
        small_HWC = cv2.resize(frame_HWC, (OUT_PX, OUT_PX), interpolation=cv2.INTER_AREA)
        rgb_HWC = cv2.cvtColor(small_HWC, cv2.COLOR_BGR2RGB)
        image = library.mp.Image(image_format=library.mp.ImageFormat.SRGB, data=rgb_HWC)
        for points in pose.detect_for_video(image, round(time_ms)).pose_landmarks[:1]:
            xy_TNC[t, :NUM_POSE_POINTS] = [(p.x, p.y) for p in points[:NUM_POSE_POINTS]]
            mask_TN[t, :NUM_POSE_POINTS] = [p.visibility >= 0.5 for p in points[:NUM_POSE_POINTS]]
        found = hands.detect_for_video(image, round(time_ms))
        for points, sides in zip(found.hand_landmarks, found.handedness, strict=True):
            first = NUM_POSE_POINTS + (0 if sides[0].category_name == "Left" else NUM_HAND_POINTS)
            xy_TNC[t, first : first + NUM_HAND_POINTS] = [(p.x, p.y) for p in points]
            mask_TN[t, first : first + NUM_HAND_POINTS] = True
        for points in face.detect_for_video(image, round(time_ms)).face_landmarks[:1]:
            xy_TNC[t, -len(FACE_MESH_INDICES) :] = [(points[i].x, points[i].y) for i in FACE_MESH_INDICES]
            mask_TN[t, -len(FACE_MESH_INDICES) :] = True
    return np.clip(xy_TNC, 0, 1), mask_TN, [int(time_ms) for _, time_ms in frames]


def features_of(network: Any, frames: list[np.ndarray]) -> np.ndarray:
    import torch

    from services.features.frames.inception import IMAGENET_MEAN, IMAGENET_STD

    mean, std = np.array(IMAGENET_MEAN, np.float32), np.array(IMAGENET_STD, np.float32)
    vectors = []
    for start in range(0, len(frames), BATCH_SIZE):
        images = []
        for frame_HWC in frames[start : start + BATCH_SIZE]:
            rgb_HWC = cv2.resize(cv2.cvtColor(frame_HWC, cv2.COLOR_BGR2RGB), (299, 299))
            images.append(((rgb_HWC.astype(np.float32) / 255.0 - mean) / std).transpose(2, 0, 1))
        with torch.no_grad():
            vectors.append(network(torch.from_numpy(np.stack(images))).numpy())
    return np.concatenate(vectors)


def write_files(out: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    (out / f"{name}.npz").write_bytes(encode_npz(arrays, {"video": name}))
    (out / f"{name}.parquet").write_bytes(encode_table(arrays["X"], arrays["mask"], arrays["timestamps_ms"]))


def timed(argv: list[str]) -> tuple[float, str]:
    """(CPU seconds of the command and all below it, what it printed)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, **thread_environment(1), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{argv[:6]} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s, done.stdout


def our_argv(folder: Path, out: Path, weights: Path, fps: float, backend: str, dtype: str = "float32") -> list[str]:
    argv = [sys.executable, "-m", "orchestrator.cli.main", "run", "sign", str(folder), str(out), "--id", "1", "--quiet"]
    argv += ["--write-keypoints", "--write-iv3-features", "--iv3-weights", str(weights), "--sampling", "decimate"]
    argv += ["--features-backend", backend, "--target-fps", str(fps), "--workers", "1", "--no-artifact-cache"]
    return [*argv, "--iv3-dtype", dtype, "--num-shards", "4", "-o", "json"]


@dataclass
class Way:
    """One row. cpu_s: seconds of each round, by the number of clips. said: what the command printed last."""

    argv: list[str]
    cpu_s: dict[int, list[float]] = field(default_factory=dict)
    said: dict[int, str] = field(default_factory=dict)

    def median_s(self, num_clips: int) -> float:
        return statistics.median(self.cpu_s[num_clips])


def measure(flags: argparse.Namespace, folder: Path) -> None:
    import torch

    from services.features.runtimes.export import export_network
    from services.features.runtimes.torch import loaded_network
    from services.features.spec import FeaturesConfig

    weights, exported = folder / "inception.pth", folder / "inception.onnx"
    torch.save(loaded_network(FeaturesConfig())[0].state_dict(), weights)
    export_network(FeaturesConfig(), exported)
    for num_clips in flags.clips:
        (folder / f"{num_clips}").mkdir()
        make_clips(folder / f"{num_clips}", num_clips, flags.seconds)
    theirs = [sys.executable, str(Path(__file__).resolve()), "--fps", str(flags.fps)]
    clips, out = folder / "clips", folder / "out"
    ways = {
        SEED: Way([*theirs, "--seeds-way", str(clips), str(out), str(weights)]),
        "visemill, torch": Way(our_argv(clips, out, weights, flags.fps, "torch")),
        "visemill, bfloat16": Way(our_argv(clips, out, weights, flags.fps, "torch", "bfloat16")),
        "visemill, onnxruntime": Way(our_argv(clips, out, exported, flags.fps, "onnxruntime")),
    }
    for _ in range(flags.rounds):
        for num_clips in flags.clips:
            clips.unlink(missing_ok=True)
            clips.symlink_to(folder / f"{num_clips}")
            for name, way in ways.items():
                shutil.rmtree(out, ignore_errors=True)
                cpu_s, way.said[num_clips] = timed(way.argv)
                sys.stderr.write(f"{name}, {num_clips} clips: {cpu_s:.1f} CPU s\n")
                way.cpu_s.setdefault(num_clips, []).append(cpu_s)
    report(ways, flags)


def report(ways: dict[str, Way], flags: argparse.Namespace) -> None:
    seed = ways[SEED]
    parts = {num_clips: json.loads(said) for num_clips, said in seed.said.items()}
    kept = {num_clips: part.pop("kept") for num_clips, part in parts.items()}
    few, many = min(flags.clips), max(flags.clips)
    # What the seed's way would have needed with the landmarkers of its day.
    original_s = {n: seed.median_s(n) - parts[n]["keypoints"] + kept[n] * flags.original_ms / 1e3 for n in flags.clips}
    print(f"median of {flags.rounds}; clips of {flags.seconds:g} s; load {os.getloadavg()[0]:.1f}")
    print(
        f"{'CPU s of':22}"
        + "".join(f"{f'{n} clips, {kept[n]} kept':>22}{'ratio':>7}{'to orig.':>9}" for n in flags.clips)
        + f"{'start s':>9}{'ms a frame more':>17}{'ratio':>7}{'to orig.':>9}"
    )

    def marginal_ms(seconds: Callable[[int], float]) -> float:
        return (seconds(many) - seconds(few)) / (kept[many] - kept[few]) * 1e3

    for name, way in ways.items():
        ms = marginal_ms(way.median_s)
        columns = [
            f"{way.median_s(n):22.1f}{seed.median_s(n) / way.median_s(n):7.2f}{original_s[n] / way.median_s(n):9.2f}"
            for n in flags.clips
        ]
        ratios = f"{marginal_ms(seed.median_s) / ms:7.2f}{marginal_ms(original_s.__getitem__) / ms:9.2f}"
        print(f"{name:22}" + "".join(columns) + f"{way.median_s(few) - kept[few] * ms / 1e3:9.1f}{ms:17.1f}{ratios}")
    shares = ", ".join(f"{name} {s / kept[many] * 1e3:.1f}" for name, s in parts[many].items())
    print(f"the seed's way, ms a kept frame: {shares}; to orig.: {flags.original_ms:g} for its keypoints")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, nargs=2, default=(8, 24), metavar=("FEW", "MANY"))
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--fps", type=float, default=15.0)
    parser.add_argument("--original-ms", type=float, default=85.0)
    parser.add_argument("--seeds-way", nargs=3, type=Path, metavar=("CLIPS", "OUT", "WEIGHTS"), help=argparse.SUPPRESS)
    flags = parser.parse_args()
    logging.disable(logging.WARNING)
    cv2.setNumThreads(1)
    if flags.seeds_way:
        import torch

        torch.set_num_threads(1)
        seeds_way(*flags.seeds_way, flags.fps)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(flags, Path(folder))


if __name__ == "__main__":
    main()
