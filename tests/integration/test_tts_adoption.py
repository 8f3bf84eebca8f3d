"""An output that is there already: of the original script, half done; and of an earlier run, with another manifest.

What the original leaves is written here after its own description: codes padded to the longest clip of their batch,
manifests that lack clips, a progress file that names some that have no files.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tts_corpus import MODEL_DIM, spoken, tiny_config, tokenizer, write_manifest

from orchestrator.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("text_ids", "codes", "condition", "emo_vec")
LIMIT_S = 240


def visemill(*words: object, exits: int, capsys: pytest.CaptureFixture[str]) -> Any:
    code = main([*map(str, words), "-o", "json"])
    found = capsys.readouterr()
    assert code == exits, found.out + found.err
    return json.loads(found.out)


def features(folder: Path) -> dict[str, bytes]:
    """Files of clips, by their paths."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("*/**/*.npy"))}


def published(folder: Path) -> dict[str, bytes]:
    """Those that a run publishes: without its state."""
    found = [path for path in folder.rglob("*") if path.is_file() and ".visemill" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def what(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """Flags of every run here: four clips of real speech in four shards."""
    folder = tmp_path_factory.mktemp("corpus")
    manifest = write_manifest(folder / "corpus" / "manifest.jsonl", spoken(testdata))
    flags = ["--manifest", manifest, "--tokenizer", tokenizer(testdata), "--config", tiny_config(folder)]
    return [*flags, "--num-shards", 4, "--val-count", 1]


@pytest.fixture(scope="module")
def fresh(what: list[object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of nothing makes."""
    out = tmp_path_factory.mktemp("fresh") / "out"
    assert main(["run", "tts", *map(str, what), "--output-dir", str(out), "--quiet"]) == 0
    return out


def of_original(fresh: Path, out: Path) -> Path:
    """The original's output, stopped half way: two clips of one batch, the shorter one's codes padded; one without its
    emotion vector; one that is named in the progress file alone; one that the manifest does not name any more.
    """
    rng = np.random.default_rng(7)
    right, padded, torn = "aishell/1", "voice 01", "hate"
    for key in (right, padded, torn, "old"):
        source = padded if key == "old" else key
        arrays = {name: np.load(fresh / name / f"{source}.npy") for name in FOLDERS}
        # Of another machine: the same shapes, other last digits.
        arrays["condition"] = (arrays["condition"] + 1e-4 * rng.standard_normal((32, MODEL_DIM))).astype(np.float32)
        if key == padded:
            arrays["codes"] = np.concatenate([arrays["codes"], np.full(5, 3, np.int32)])
        if key == torn:
            del arrays["emo_vec"]
        for name, array in arrays.items():
            path = out / name / f"{key}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, array)
    line = {"id": right, "audio_path": "x.wav", "text": "x", "code_len": 1, "condition_len": 32}
    (out / "train_manifest.jsonl").write_text(json.dumps(line) + "\n")
    (out / "val_manifest.jsonl").write_text("")
    (out / "stats.json").write_text("{}")
    (out / ".preprocessing_progress.txt").write_text(f"{right}\n{padded}\nmid\n")
    return out


def killed_once(words: list[object], out: Path) -> None:
    """Starts a run, and kills it and its workers once a shard is committed."""
    argv = [sys.executable, "-m", "orchestrator.cli.main", *map(str, words), "--quiet"]
    run = subprocess.Popen(argv, cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    until_s = time.monotonic() + LIMIT_S
    while not any(out.glob(".visemill/runs/*/shards/*/done.json")):
        assert run.poll() is None and time.monotonic() < until_s, run.communicate()
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()


def test_an_output_of_the_original_script_half_done_is_taken_over_where_it_is_right(
    what: list[object], fresh: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Takes twenty seconds: a run that is killed, and one that goes on, each with workers that load their libraries."""
    out = of_original(fresh, tmp_path / "out")
    before = features(out)
    run = ["run", "tts", *what, "--output-dir", out]

    error = visemill(*run, exits=78, capsys=capsys)["error"]
    assert error["reason"] == "FOREIGN_OUTPUT"
    assert "--skip-existing" in error["message"] and "another output root" in error["message"]
    assert features(out) == before

    manifest = (out / "train_manifest.jsonl").read_bytes()
    killed_once([*run, "--skip-existing"], out)
    answer = visemill(*run, "--skip-existing", exits=0, capsys=capsys)
    assert answer["reused"]["ttsexisting"] == 1
    assert any("1 clip that the data set does not name, the first old" in note for note in answer["notes"])

    quality = {line["key"]: line for line in map(json.loads, (out / "quality.jsonl").open())}
    assert {key: line.get("adopted", False) for key, line in quality.items()} == {
        **{"aishell/1": True, "voice 01": False, "hate": False, "mid": False}
    }
    assert quality["voice 01"]["made_again"].startswith("codes: ")
    # Nobody has listened to the sound of files that are taken over.
    assert {key for key, line in quality.items() if "peak" not in line} == {"aishell/1"}
    assert quality["hate"]["made_again"] == "no emo_vec"
    now, anew = features(out), features(fresh)
    for key in ("voice 01", "hate", "mid"):
        assert all(now[f"{name}/{key}.npy"] == anew[f"{name}/{key}.npy"] for name in FOLDERS)
    # As it was, and no longer what a machine of here would make.
    assert all(now[f"{name}/aishell/1.npy"] == before[f"{name}/aishell/1.npy"] for name in FOLDERS)
    assert now["condition/aishell/1.npy"] != anew["condition/aishell/1.npy"]
    assert all(now[f"{name}/old.npy"] == before[f"{name}/old.npy"] for name in FOLDERS)

    meta = json.loads((out / "meta.json").read_text())
    assert (meta["adopted"], meta["made_again"]) == (1, 2)
    # What the manifests said before is kept with the state of the run.
    (replaced,) = out.glob(".visemill/runs/*/replaced/train_manifest.jsonl")
    assert replaced.read_bytes() == manifest
    ids = [json.loads(line)["id"] for path in out.glob("*_manifest.jsonl") for line in path.open()]
    assert sorted(ids) == ["aishell/1", "hate", "mid", "voice 01"]

    assert not visemill("verify", "--output-root", out, "--recompute", 1, exits=0, capsys=capsys)["problems"]
    whole = published(out)
    assert visemill(*run, "--skip-existing", exits=0, capsys=capsys)["nothing_to_do"]
    assert published(out) == whole


def test_a_larger_manifest_over_an_output_of_ones_own_computes_the_new_clips_alone(
    what: list[object], testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Takes twenty seconds: two runs whose workers load their libraries."""
    out, manifest = tmp_path / "out", tmp_path / "m.jsonl"
    own = ["run", "tts", *what, "--manifest", manifest, "--output-dir", out]
    write_manifest(manifest, spoken(testdata)[:2])
    assert visemill(*own, "--skip-existing", exits=0, capsys=capsys)["reused"] == {}
    first = features(out)
    assert visemill(*own, "--skip-existing", exits=0, capsys=capsys)["nothing_to_do"]

    write_manifest(manifest, spoken(testdata)[1:])
    assert "--skip-existing" not in visemill(*own, exits=78, capsys=capsys)["error"]["message"].partition("differs")[0]
    other = visemill(*own, "--skip-existing", "--language", "ja", exits=78, capsys=capsys)["error"]
    assert other["reason"] == "OTHER_RUN" and "text.language" in other["message"]
    (tmp_path / "other.yaml").write_text(Path(str(what[5])).read_text().replace("num_layers: 2}", "num_layers: 1}", 1))
    words = ["--skip-existing", "--config", tmp_path / "other.yaml"]
    other = visemill(*own, *words, exits=78, capsys=capsys)["error"]
    assert other["reason"] == "OTHER_RUN" and "model " in other["message"]

    answer = visemill(*own, "--skip-existing", exits=0, capsys=capsys)
    assert answer["reused"] == {"ttsexisting": 1}
    now = features(out)
    assert {name: now[name] for name in first} == first
    quality = {line["key"]: line for line in map(json.loads, (out / "quality.jsonl").open())}
    assert quality.keys() == {"voice 01", "hate", "mid"}
    # Those of the first run were of random weights, too.
    assert all("RANDOM_WEIGHTS" in line["flags"] for line in quality.values())
    assert not visemill("verify", "--output-root", out, exits=0, capsys=capsys)["problems"]
