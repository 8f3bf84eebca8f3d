"""A person's folder of ours, and the same frames in the formats of the original's code, train to the same losses."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tiny_training import rank_of

from services.base.media.audio import AlignedSound
from services.base.media.clip import Clip, Media
from services.base.media.features import AudioFeatures
from services.base.media.points import Landmarks
from services.base.run import paths
from services.base.sandbox.supervisor import ClipLimits, PassChild
from services.base.stage.product_stream import ProductStream
from services.base.stage.spec import ClipJob, StageSpec
from services.base.worker.pass_log import PassLog
from services.base.worker.rank import RankPlace
from services.formats.talker.tree import points_of, tree_of
from services.lips.talker_input import CROP_PX
from services.records.talker.spec import TalkerFilesConfig
from services.training.data.talker.opening import open_persons
from services.training.engine.loop import train
from services.training.recipes.talker_syncnet.pieces import talker_syncnet
from services.training.recipes.talker_syncnet.spec import SyncNetConfig
from services.training.recipes.talker_unet.pieces import Judges, talker_unet
from services.training.recipes.talker_unet.spec import UNetConfig

PROGRAM = (sys.executable, str(Path(__file__).resolve().parents[1] / "fakes" / "talker_services.py"))
NUM_FRAMES = 80
SMALL = {"num_epochs": 1, "resolution": "160", "width": 0.125, "num_threads": 1, "num_workers": 0, "log_every": 1}


def write_ours(folder: Path) -> None:
    """By the stage that writes them: frames as JPEGs, pickles, landmarks.npz."""
    kinds = {"landmarks": Landmarks, "aligned_sound": AlignedSound, "audio_features": AudioFeatures}
    making = StageSpec("making", 1, TalkerFilesConfig, (), tuple(kinds), artifacts=kinds)
    stages = [("frames", {}), ("making", {}), ("talkerfiles", {"frame_format": "jpg"})]
    child = PassChild(stages, ClipLimits(time_s=60.0, memory_bytes=1 << 30), specs=[making], program=PROGRAM)
    job = ClipJob(Clip("anna", "anna", "anna", "anna.mp4"), Media.of_bytes("anna.mp4", b"frames=%d" % NUM_FRAMES))
    try:
        stream = ProductStream(child.run(job), lambda part: None)
        while stream.begins():
            for file in stream.files():
                path = folder / file.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"".join(file.pieces))
    finally:
        child.close()


def write_theirs(folder: Path, ours: Path) -> None:
    """`{n}.jpg`, `{n}.lms`, features and sound, and nothing else."""
    names = [path.relative_to(ours).as_posix() for path in ours.rglob("*") if path.is_file()]
    tree = tree_of(names)
    points_TNC = points_of(tree, lambda name: (ours / name).read_bytes())
    for part in ("full_body_img", "landmarks"):
        (folder / part).mkdir(parents=True)
    for i, (frame, points_NC) in enumerate(zip(tree.frames, points_TNC, strict=True)):
        (folder / "full_body_img" / f"{i}.jpg").write_bytes((ours / frame).read_bytes())
        lines = "".join(f"{x:.0f} {y:.0f}\n" for x, y in points_NC)
        (folder / "landmarks" / f"{i}.lms").write_text(lines)
    rows_TX = np.random.default_rng(1).standard_normal((NUM_FRAMES, 2, 1024)).astype(np.float32)
    np.save(folder / "aud_hu.npy", rows_TX)
    np.save(ours / "aud_hubert.npy", rows_TX)
    (folder / "aud.wav").write_bytes((ours / "aud.wav").read_bytes())


def losses(root: Path, recipe: str, out: Path) -> list[float]:
    """Of each step of a short training."""
    persons, fps = open_persons(str(root), ["anna"], "hubert", CROP_PX["160"])
    if recipe == "unet":
        config = UNetConfig(batch_size=16, **SMALL)
        pieces = talker_unet(config, persons, fps, Judges())
    else:
        config = SyncNetConfig(batch_size=16, **SMALL)
        pieces = talker_syncnet(config, persons, fps)
    rank = rank_of(str(out), RankPlace(0, 1, 0, "127.0.0.1", 1, 1))
    train(dataclasses.replace(pieces, validate=None, best_by="loss"), config, rank)
    result = PassLog(rank._state, "r", "train").read().result
    lines = rank.outputs.read(paths.staged_result("r", "train", result.attempt, "metrics.jsonl")).splitlines()
    return [line["loss"] for line in map(json.loads, lines) if "loss" in line]


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("trees")
    ours, theirs = root / "ours", root / "theirs"
    write_ours(ours / "anna")
    write_theirs(theirs / "anna", ours / "anna")
    return ours, theirs


@pytest.mark.parametrize("recipe", ["unet", "syncnet"])
def test_both_train_to_the_same_losses(trees: tuple[Path, Path], tmp_path: Path, recipe: str) -> None:
    ours, theirs = (losses(root, recipe, tmp_path / root.name) for root in trees)
    assert ours == theirs and len(ours) >= 2 and all(np.isfinite(ours))
