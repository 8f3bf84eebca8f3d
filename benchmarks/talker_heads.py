"""A talking head: its crops, its steps and its frames. Ratios of one run, one thread, CPU time.

    python benchmarks/talker_heads.py [--person FOLDER] [--rounds 3] [--steps 6] [--frames 24]

Crops: a sample of the crop cache (a face, a reference, a window of sound) against the two PNGs that hold them, decoded,
cut and shrunk. Step: talker-unet of --width 0.5 at 160 px, batch 4: ours against a loop of five lines on the same
samples. Frames: the document's network (width 1, of seeded weights) at 328 and 160 px, on onnxruntime and in torch, and
a film's parts. FOLDER is a person's, as `visemill run talker` makes it; without one that of wda_000.mp4 is made. Of
several rounds the fastest counts.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from services.base.worker.rank import RankPlace
from services.formats.talker.head import MODEL_FILE
from services.formats.talker.tree import points_of, tree_of, usable_of
from services.lips.picture import picture_of
from services.lips.talker_crop import boxes_of, crop
from services.lips.talker_input import CROP_PX, FACE_PX, sound_input, window_of
from services.talker.film import open_film
from services.talker.network import open_here
from services.talker.person import PersonFrames
from services.talker.speaking import Speaker
from services.training.data.talker.opening import open_persons
from services.training.data.talker.paint_data import batch_of
from services.training.data.talker.person import Person
from services.training.engine.precision import Arithmetic
from services.training.engine.randomness import seeded
from services.training.engine.ranks import Ranks
from services.training.engine.reading import micro_batch
from services.training.engine.step import Stepper
from services.training.recipes.talker_unet.export_command import HeadGraph, graph_of, made_input
from services.training.recipes.talker_unet.pieces import Judges, new_network, talker_unet
from services.training.recipes.talker_unet.spec import UNetConfig

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")).resolve()
CPU = torch.device("cpu")


def made_person(folder: Path) -> Path:
    argv = [
        *(sys.executable, "-m", "orchestrator.cli.main", "run", "talker", "--asr-model", "mel", "--name", "wda"),
        *("--video-path", str(SHARED / "data" / "talker" / "wda_000.mp4"), "--dataset-dir", str(folder)),
    ]
    subprocess.run(argv, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return folder / "wda"


def fastest_s(rounds: int, *ways: Callable[[], object]) -> list[float]:
    """CPU seconds of each way, all in turn."""
    found: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for times, way in zip(found, ways, strict=True):
            began_s = time.process_time()
            way()
            times.append(time.process_time() - began_s)
    return list(map(min, found))


def crops(folder: Path, person: Person, rounds: int) -> None:
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    tree = tree_of(names)

    def read(name: str) -> bytes:
        return (folder / name).read_bytes()

    boxes = boxes_of(points_of(tree, read), usable_of(tree, read))
    usable = [i for i in range(person.num_frames) if boxes[i] is not None][:16]
    size_px = len(person.crops_NHWC[0])
    pairs = list(zip(usable, reversed(usable), strict=True))

    def from_pictures() -> None:
        for pair in pairs:
            for i in pair:
                box = boxes[i]
                assert box is not None
                crop(picture_of(read(tree.frames[i]), tree.frames[i]), box, size_px)

    def from_cache() -> None:
        for frame, reference in pairs:
            batch_of([(person, frame, reference)])

    ours, theirs = fastest_s(rounds, from_cache, from_pictures)
    print(
        f"a sample: {ours / len(pairs) * 1e3:.2f} ms from the cache, {theirs / len(pairs) * 1e3:.1f} ms from two "
        f"pictures ({theirs / ours:.0f} times)"
    )


def step(persons: list[Person], rounds: int, num_steps: int) -> None:
    config = UNetConfig(resolution="160", width=0.5, batch_size=4)
    pieces = talker_unet(config, persons, 25.0, Judges())
    batches = [
        micro_batch(pieces.train, tuple(range(4 * i, 4 * i + 4)), "1/0", (1, i, 0)) for i in range(num_steps + 1)
    ]
    model, ours_model = pieces.model(1).train(), pieces.model(1)
    optimizer, ours_optimizer = pieces.optimizer(model), pieces.optimizer(ours_model)
    stepper = Stepper(
        ours_model,
        pieces.loss,
        ours_optimizer,
        Arithmetic("fp32", CPU),
        Ranks(RankPlace(0, 1, 0, "127.0.0.1", 1, 1), CPU, 60.0),
        CPU,
        5.0,
    )

    def bare() -> None:
        for one in batches[1:]:
            loss = pieces.loss(model, one.batch, seeded(CPU, *one.names))
            (loss.total / loss.count).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def ours() -> None:
        for one in batches[1:]:
            stepper.take([one])

    ours_s, bare_s = fastest_s(rounds, ours, bare)
    print(
        f"a step: {bare_s / num_steps * 1e3:.0f} ms bare, {ours_s / num_steps * 1e3:.0f} in ours "
        f"({bare_s / ours_s:.3f})"
    )


def frames(folder: Path, person: Person, resolution: str, rounds: int, num_frames: int, scratch: Path) -> None:
    config = UNetConfig(resolution=resolution)
    network = new_network(config, "mel", 1).eval()
    graph = HeadGraph(network.to(memory_format=torch.contiguous_format)).eval()
    bundle = scratch / resolution
    bundle.mkdir()
    (bundle / MODEL_FILE).write_bytes(graph_of(graph, "mel", FACE_PX[config.crop_px])[0])
    paint = open_here(bundle, 1)
    references, faces, sounds = made_input(1, "mel", FACE_PX[config.crop_px])

    def by_onnxruntime() -> None:
        paint(references.numpy(), faces.numpy(), sounds.numpy())

    def by_torch() -> None:
        with torch.inference_mode():
            graph(references, faces, sounds)

    by_onnxruntime()
    by_torch()
    ours_s, torch_s = fastest_s(3 * rounds, by_onnxruntime, by_torch)
    speaker = Speaker(PersonFrames(str(folder)), paint, CROP_PX[resolution])
    windows = (sound_input("mel", window_of(person.rows_TX, i)) for i in range(num_frames))
    usable = speaker.person.usable[:num_frames]
    silence_T = np.zeros(round(num_frames / 25 * 16_000), np.int16)
    encode_s = 0.0
    began_s = time.process_time()
    with open_film(scratch / f"{resolution}.mp4", speaker.person.size_px(), 25.0, silence_T, 16_000) as film:
        for spoken in speaker.frames(usable, windows):
            encode_at_s = time.perf_counter()
            film.add(spoken.frame_HWC)
            encode_s += time.perf_counter() - encode_at_s
    speaker.seconds.encode = encode_s
    film_s = time.process_time() - began_s
    print(
        f"a frame of {resolution} px: {ours_s * 1e3:.0f} ms by the network on onnxruntime, {torch_s * 1e3:.0f} in "
        f"torch ({torch_s / ours_s:.2f} times); of a film {film_s / len(usable) * 1e3:.0f} ms, by the clock "
        f"{json.dumps(speaker.seconds.shares())}"
    )


@contextmanager
def person_at(given: Path | None) -> Iterator[tuple[Path, Path]]:
    """(its folder, another for scratch)."""
    with tempfile.TemporaryDirectory() as scratch:
        yield given or made_person(Path(scratch) / "dataset"), Path(scratch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--person", type=Path, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--frames", type=int, default=24)
    flags = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}, {len(os.sched_getaffinity(0))} cores")
    with person_at(flags.person) as (folder, scratch):
        opened = {
            resolution: open_persons(str(folder.parent), [folder.name], "mel", CROP_PX[resolution])[0]
            for resolution in ("328", "160")
        }
        crops(folder, opened["328"][0], flags.rounds)
        step(opened["160"], flags.rounds, flags.steps)
        for resolution, persons in opened.items():
            frames(folder, persons[0], resolution, flags.rounds, flags.frames, scratch)


if __name__ == "__main__":
    main()
