"""`visemill train` by its command line on a very small corpus: whatever dies, the same command ends it, and its result
is tested. The ranks meet by gloo.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gang_processes import LIMIT_S, Pass, ranks, wait_until
from grid_records import MadeClip, speakers_clips, write_shards

pytest.importorskip("torch")

SETTINGS = """
size: tiny
num_epochs: 5
batch_frames: 12
accumulation_steps: 2
num_workers: 1
num_threads: 1
log_every: 1
save_every: 1
save_every_s: 0.001
"""
FILES = {
    *("best_model.pt", *(f"checkpoint_epoch_{n}.pt" for n in (3, 4, 5)), "model.safetensors", "averaged.safetensors"),
    *("config.yaml", "tokenizer.json", "logs/training.log", "metrics.jsonl"),
}


def write_records(root: Path, last: str = "set") -> None:
    val, test = [MadeClip("s1", "v"), MadeClip("s2", "v")], [MadeClip("s3", "a", "no"), MadeClip("s3", "b", last)]
    write_shards(root, {"train": [speakers_clips("s1", "s2", clips=6)], "val": [val], "test": [test]})


class Corpus:
    """The records, and commands on them."""

    def __init__(self, folder: Path) -> None:
        self.records, self.config = folder / "records", folder / "settings.yaml"
        write_records(self.records)
        self.config.write_text(SETTINGS)

    def train(self, output: Path, *flags: str) -> list[str]:
        roots = ("--data_root", str(self.records), "--checkpoint_dir", str(output))
        return ["train", "grid-ctc", "--preset", "cpu", "--config", str(self.config), *roots, *flags]


def argv_of(words: list[str]) -> list[str]:
    return [sys.executable, "-m", "orchestrator.cli.main", *words]


def answer(words: list[str], code: int = 0) -> dict[str, object]:
    """What a command answers, which must end with this code."""
    argv = argv_of([*words, "-o", "json"])
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == code, done.stderr + done.stdout
    found: dict[str, object] = json.loads(done.stdout or done.stderr.splitlines()[-1])
    return found


def reason(words: list[str]) -> str:
    """Of a command that is refused."""
    return str(answer(words, 78)["error"]["reason"])


def files(output: Path) -> set[str]:
    found = (path.relative_to(output) for path in output.rglob("*") if path.is_file())
    return {str(path) for path in found if ".visemill" not in path.parts}


def losses(output: Path) -> dict[int, float]:
    """By step; of one that was taken twice, the last."""
    rows = map(json.loads, (output / "metrics.jsonl").read_text().splitlines())
    return {row["step"]: row["loss"] for row in rows if "loss" in row}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def quiet(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The output of a training of one rank that nobody disturbs."""
    output = tmp_path_factory.mktemp("quiet") / "out"
    found = answer(corpus.train(output, "--num_ranks", "1"))
    assert found["finished"] and [(one["finished"], one["ranks"]) for one in found["passes"]] == [(True, 1)]
    yield output


def test_the_result_lies_where_scripts_of_pytorch_have_it(quiet):
    assert files(quiet) == FILES
    config = (quiet / "config.yaml").read_text()
    for line in ("size: tiny", "num_epochs: 5", "batch_frames: 12", "precision: fp32", "weight_decay: 0.01"):
        assert f"{line}\n" in config, "of the preset, of the file, or of the defaults"


def test_a_rank_and_the_orchestrator_are_killed_and_the_same_command_goes_on_with_other_ranks(corpus, quiet, tmp_path):
    """Over 20 s: three starts of the command line, and three generations of ranks that import torch."""
    output = tmp_path / "out"
    train = Pass(output, "train")
    with subprocess.Popen(argv_of(corpus.train(output)), stderr=subprocess.DEVNULL) as orchestrator:
        train.wait_for(("checkpoint", 1, 1))
        # Without rank 1 nothing goes on: there is time to look.
        os.kill(ranks(output)[1], signal.SIGSTOP)
        assert reason(corpus.train(output)) == "OUTPUT_IN_USE"
        os.kill(ranks(output)[1], signal.SIGKILL)
        wait_until(lambda: any(kind == "checkpoint" and number == 2 for kind, number, _ in train.log), "a checkpoint")
        for pid in ranks(output).values():
            os.kill(pid, signal.SIGSTOP)
        orchestrator.kill()
    wait_until(lambda: not ranks(output), "the end of the ranks of an orchestrator that was killed")
    assert not any(kind == "done" for kind, _, _ in train.log) and files(output) == set()

    # What decides nothing of the result may be otherwise.
    assert answer(corpus.train(output, "--num_ranks", "1", "--num_workers", "0"))["finished"]
    assert files(output) == FILES
    assert "num_workers: 0\n" in (output / "config.yaml").read_text()
    assert answer(["status", "--output-root", str(output)])["passes"][0]["ranks"] == 1
    log = train.log
    assert [number for kind, number, _ in log if kind == "begin"] == [1, 2, 3]
    assert losses(output) == pytest.approx(losses(quiet), rel=1e-4) and len(losses(quiet)) == 30


def test_what_is_finished_is_not_done_again_and_other_settings_are_refused(corpus, quiet):
    """Over 3 s: two starts of the command line."""
    assert answer(corpus.train(quiet, "--num_ranks", "2"))["nothing_to_do"]
    refused = answer(corpus.train(quiet, "--seed", "4"), 78)["error"]
    assert refused["reason"] == "OTHER_RUN"
    assert "differs in: train.seed 1 against 4. Choose a new --checkpoint-dir" in refused["message"]


def test_the_best_model_is_tested_by_default_and_any_other_by_its_name(corpus, quiet):
    """Over 6 s: two starts of the command line that import torch."""
    where = ["--data_root", str(corpus.records), "--checkpoint_dir", str(quiet), "--beam_width", "1"]
    found = answer(["test", "grid-ctc", *where])
    assert (found["split"], found["clips"], found["learnt_from"]) == ("test", 2, 0)
    assert [one["reference"] for one in found["transcripts"]] == ["no", "set"]
    other = ["--checkpoint", str(quiet / "model.safetensors"), "--num_examples", "1"]
    done = subprocess.run(argv_of(["test", "grid-ctc", *where, *other]), capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Example 1:\nGround truth: no\nPredicted: ")
    assert f"Average CER: {found['mean_cer']:.4f}\n" in done.stdout


def test_a_bundle_of_it_reads_a_real_clip_without_torch(corpus, quiet, testdata, tmp_path):
    """Over 20 s: a graph is compared with the network on clips of up to 500 frames, and two commands read a clip."""
    bundle, clip = str(tmp_path / "bundle"), str(testdata / "data/grid/s1_processed/bbaf2n.mpg")
    checkpoints = ["--checkpoint_dir", str(quiet), "--mouth-profile", "liptype2-v1"]
    assert answer(["export", "grid-ctc", *checkpoints, "--bundle", bundle])["greatest_difference"] <= 1e-4
    text = "bin blue at f two now"
    found = answer(["infer", "grid-ctc", "--video_path", clip, "--bundle", bundle, "--ground_truth", text])
    assert found["ground_truth"] == text and found["num_frames"] == 75
    assert found["cer"] > 0.5, "five epochs of two words teach nothing"
    stages = ["decode,landmarks,lipreading", "once", clip, "--config", json.dumps({"lipreading": {"bundle": bundle}})]
    done = subprocess.run([sys.executable, "-m", "services", *stages], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["lip_text"]["text"] == found["text"]


def test_on_other_data_nothing_goes_on(corpus, quiet):
    """Over 3 s: two starts of the command line. The records are others from here on."""
    write_records(corpus.records, "set red")
    assert reason(corpus.train(quiet)) == "DATA_CHANGED"
    assert reason(["resume", "--output-root", str(quiet)]) == "INPUT_CHANGED"
