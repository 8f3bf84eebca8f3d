import dataclasses
import os
from pathlib import Path

import pytest
from grid_records import MadeClip, write_shards

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig, BadShard  # noqa: E402
from services.base.run.passes import MapPass, gang_pass  # noqa: E402
from services.base.run.spec import PinnedStage, RunSpec  # noqa: E402
from services.base.store.open import open_store  # noqa: E402
from services.base.worker.rank import Rank, RankPlace  # noqa: E402
from services.training.checkpoint.file import decoded  # noqa: E402
from services.training.recipes.grid_ctc.spec import GridCtcConfig  # noqa: E402
from services.training.recipes.grid_ctc.training import open_data, train_rank  # noqa: E402

CONFIG = GridCtcConfig(
    size="tiny", num_epochs=2, batch_frames=24, num_threads=1, num_workers=0, val_share=0.0, average_last_n=2
)


def rank_of(root: Path) -> Rank:
    write_shards(
        root / "out",
        {"train": [[MadeClip("s1", f"a{i}", "bin at") for i in range(4)]], "val": [[MadeClip("s2", "v", "lay")]]},
    )
    passes = [MapPass("map", "d" * 64, 1)]
    gang = gang_pass("train", "grid-ctc", 1, {}, passes)
    spec = RunSpec(
        *("r", "grid", passes[0].digest, (PinnedStage("decode"),), "/in", str(root / "out"), 1, 1, "c", {}),
        gangs=(gang,),
    )
    place = RankPlace(0, 1, 0, "127.0.0.1", 1, 1)
    return Rank(spec, gang, place, open_store(str(root / "state")), open_store(str(root / "out")))


def test_a_training_on_records_leaves_weights_their_alphabet_and_a_log(tmp_path: Path) -> None:
    rank = rank_of(tmp_path)
    train_rank(CONFIG, rank)
    (folder,) = {path.parent for path in (tmp_path / "out").rglob("best_model.pt")}
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"best_model.pt", "model.safetensors", "tokenizer.json", "logs/training.log"} <= names
    log = (folder / "logs" / "training.log").read_text()
    assert "Train samples: 4" in log
    assert "Total parameters: 901,164" in log
    assert "val_cer=" in log
    facts = decoded((folder / "best_model.pt").read_bytes()).facts
    assert (facts["recipe"], facts["size"]) == ("grid-ctc", "tiny")


def rot(path: Path) -> None:
    """A bit of its first record, so that neither its size nor its time tells."""
    before, data = path.stat(), bytearray(path.read_bytes())
    data[300] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("split", ["train", "val"])
def test_records_that_rot_after_they_were_indexed_are_left_out_up_to_max_failures(tmp_path: Path, split: str) -> None:
    rank = rank_of(tmp_path)
    open_data(CONFIG, str(tmp_path / "out"), str(tmp_path / "out" / ".visemill"))
    rot(tmp_path / "out" / f"{split}-00000-of-00001.tfrecord")
    with pytest.raises(BadShard, match="cannot be read, over --max-bad-records 0") as caught:
        train_rank(CONFIG, rank)
    assert caught.value.exit_code == 65
    again = Rank(rank.spec, rank.gang, dataclasses.replace(rank.place, generation=2), rank._state, rank.outputs)
    train_rank(dataclasses.replace(CONFIG, max_bad_records=1), again)
    assert list((tmp_path / "out").rglob("best_model.pt"))


def test_without_clips_to_validate_on_the_best_is_of_the_least_training_loss(tmp_path: Path) -> None:
    rank = rank_of(tmp_path)
    (tmp_path / "out" / "val-00000-of-00001.tfrecord").unlink()
    train_rank(dataclasses.replace(CONFIG, num_epochs=3, windows_only=0.0, whole_only=0.0), rank)
    (path,) = (tmp_path / "out").rglob("best_model.pt")
    progress = decoded(path.read_bytes()).progress
    assert progress.epochs_done == 3 and progress.best_score == min(progress.val_losses) > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks what is said where there is no GPU")
def test_a_gpu_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="NO_GPU"):
        train_rank(dataclasses.replace(CONFIG, device="cuda"), rank_of(tmp_path))
