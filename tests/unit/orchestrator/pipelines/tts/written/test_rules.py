"""Where features lie by --storage, and the rules that `verify` holds an output to, each broken alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from orchestrator.pipelines.tts.written.rules import check_outputs, compare, file_of, file_of_product, payloads
from services.base.media.clip import Clip
from services.base.run.manifest import ClipRow
from services.base.run.spec import PinnedStage, RunSpec
from services.base.stage.product import ProductFile
from services.base.store.open import open_store
from services.formats.npy import encode_npy
from services.records.tts.names import FOLDERS, feature_file
from services.records.tts.spec import TtsFilesConfig
from services.records.tts.writer import open_writer

ROW = ClipRow("spk/a", "spk/a-01", "spk", "a.wav", "val", 1, 0, 0, 1, "v")
IDS = {"a": "a", "ሰላም/2": "ሰላም/2", "A": "A-0123456789abcdef"}
ARROW_FILE = "features/00000-of-00001.arrow"


def spec_of(storage="npy", num_shards=1, **speech):
    stages = (PinnedStage("speech", speech), PinnedStage("ttsfiles", {"storage": storage}))
    return RunSpec("r", "tts", "d" * 64, stages, "in", "out", num_shards, 3, "0" * 64, {})


def arrays_of(seed):
    rng = np.random.default_rng(seed)
    return {
        "text_ids": np.arange(3 + seed, dtype=np.int32),
        "codes": rng.integers(0, 8192, 5 + seed).astype(np.int32),
        "condition": rng.normal(0, 1, (32, 8)).astype(np.float32),
        "emo_vec": rng.normal(0, 1, 8).astype(np.float32),
    }


def line_of(key, stem, arrays):
    return {
        "id": key, "audio_path": f"wav/{key}.wav", "text": "ሰላም", "speaker": "", "language": "am", "duration": 1.0,
        "text_ids_path": f"text_ids/{stem}.npy", "text_len": len(arrays["text_ids"]),
        "codes_path": f"codes/{stem}.npy", "code_len": len(arrays["codes"]),
        "condition_path": f"condition/{stem}.npy", "condition_len": 32, "emo_vec_path": f"emo_vec/{stem}.npy",
    }  # fmt: skip


class Sink:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")
        self.write, self.close, self.abort = self._file.write, self._file.close, self._file.close


class Output:
    """An output of three clips, whose problems are asked for."""

    def __init__(self, root: Path, storage: str) -> None:
        self.root, self.spec = root, spec_of(storage)
        writer = open_writer(TtsFilesConfig(storage=storage), 0, 1, lambda name: Sink(root / name))
        lines = []
        for seed, (key, stem) in enumerate(IDS.items()):
            arrays = arrays_of(seed)
            files = (ProductFile.of(f"{name}.npy", encode_npy(array)) for name, array in arrays.items())
            writer.add(Clip(key, stem, "", f"{key}.wav"), files)
            lines.append(line_of(key, stem, arrays))
        self.names = {file.name for file in writer.close()}
        self.write("train_manifest.jsonl", *lines[:2])
        self.write("val_manifest.jsonl", lines[2])

    def lines(self, name="train_manifest.jsonl"):
        return [json.loads(line) for line in (self.root / name).read_text(encoding="utf-8").splitlines()]

    def write(self, name, *lines):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (self.root / name).write_text(text, encoding="utf-8")

    def problems(self):
        return [(name, said.partition(":")[0]) for name, said in check_outputs(self.spec, self.store, self.names)]

    @property
    def store(self):
        return open_store(self.root)


@pytest.fixture
def output(tmp_path):
    return lambda storage="npy": Output(tmp_path, storage)


def test_where_the_features_of_a_clip_lie():
    assert file_of(spec_of(), ROW) == "text_ids/spk/a-01.npy"
    assert file_of(spec_of("both"), ROW) == "text_ids/spk/a-01.npy"
    assert file_of(spec_of("arrow", 4), ROW) == "features/00001-of-00004.arrow"
    assert [file_of_product(spec_of("both"), ROW, f"{name}.npy") for name in FOLDERS] == [
        feature_file(name, "spk/a-01") for name in FOLDERS
    ]
    assert file_of_product(spec_of("arrow"), ROW, "codes.npy") == ""


def test_payloads_of_an_arrow_file_are_the_files_of_each_clip_by_name(output):
    made = output("arrow")
    expected = [b"".join(encode_npy(arrays_of(seed)[name]) for name in sorted(FOLDERS)) for seed in range(3)]
    assert list(payloads(made.store, ARROW_FILE)) == list(enumerate(expected))


def test_the_payload_of_an_npy_is_the_file(output):
    made = output()
    assert list(payloads(made.store, "codes/a.npy")) == [(0, encode_npy(arrays_of(0)["codes"]))]


@pytest.mark.parametrize(
    ("speech", "agrees"), [({}, False), ({"backend": "triton"}, True), ({"batching": "padded"}, True)]
)
def test_features_of_a_server_or_of_padded_batches_agree_within_a_tolerance(speech, agrees):
    kept = arrays_of(0)["condition"]
    near = encode_npy(kept + np.float32(1e-5) * kept.std())
    found = compare(spec_of(**speech), encode_npy(kept), near)
    assert (found.problems == ()) == agrees
    assert compare(spec_of(**speech), encode_npy(kept), b"torn").problems


@pytest.mark.parametrize("storage", ["npy", "arrow", "both"])
def test_a_sound_output_breaks_no_rule(output, storage):
    assert output(storage).problems() == []


@pytest.mark.parametrize(
    ("feature", "array", "rule"),
    [
        ("codes", np.array([1, 2, 3, 4, 8192], np.int32), "RANGE"),
        ("codes", arrays_of(0)["codes"].astype(np.int64), "DTYPE"),
        ("codes", arrays_of(0)["codes"][:-1], "LENGTH"),
        ("text_ids", arrays_of(1)["text_ids"], "LENGTH"),
        ("condition", np.full((32, 8), np.nan, np.float32), "NOT_FINITE"),
        ("emo_vec", arrays_of(0)["emo_vec"][:-1], "SHAPE"),
    ],
)
def test_a_file_of_another_content(output, feature, array, rule):
    made = output()
    (made.root / feature / "a.npy").write_bytes(encode_npy(array))
    assert made.problems() == [(f"{feature}/a.npy", rule)]


def test_a_file_that_is_torn_or_gone(output):
    made = output()
    (made.root / "codes" / "a.npy").write_bytes(b"\x93NUMPY\1\0")
    (made.root / "emo_vec" / "a.npy").unlink()
    assert sorted(made.problems()) == [("codes/a.npy", "BAD_NPY"), ("emo_vec/a.npy", "PATH")]


def test_lines_of_a_manifest_that_are_none(output):
    made = output()
    first, second = made.lines()
    made.write("train_manifest.jsonl", {**first, "codes_path": "../a.npy"}, {"id": "x"}, second)
    with (made.root / "train_manifest.jsonl").open("a") as file:
        file.write("{no json\n")
    assert made.problems() == [
        ("train_manifest.jsonl", "PATH"),
        ("train_manifest.jsonl", "FIELDS"),
        ("train_manifest.jsonl", "BAD_JSON"),
        ("codes/a.npy", "NOT_IN_MANIFEST"),
    ]


def test_an_id_stands_once_in_both_manifests(output):
    made = output()
    made.write("val_manifest.jsonl", *made.lines("val_manifest.jsonl"), made.lines()[0])
    found = list(check_outputs(made.spec, made.store, made.names))
    assert found == [
        ("train_manifest.jsonl", "DUPLICATE_ID: line 1: 'a' has several lines"),
        ("val_manifest.jsonl", "DUPLICATE_ID: line 2: 'a' has several lines"),
    ]


@pytest.mark.parametrize("storage", ["npy", "both"])
def test_a_clip_that_no_manifest_names(output, storage):
    made = output(storage)
    made.write("val_manifest.jsonl")
    arrow = [(ARROW_FILE, "NOT_IN_MANIFEST")] if storage == "both" else []
    assert sorted(made.problems()) == [("codes/A-0123456789abcdef.npy", "NOT_IN_MANIFEST"), *arrow]


def test_without_a_manifest_nothing_is_judged(output):
    made = output()
    (made.root / "val_manifest.jsonl").unlink()
    assert made.problems() == []


def test_an_arrow_file_that_is_torn(output):
    made = output("arrow")
    path = made.root / ARROW_FILE
    path.write_bytes(path.read_bytes()[:-1])
    assert made.problems() == [(ARROW_FILE, "BAD_ARROW"), ("train_manifest.jsonl", "NOT_IN_ARROW")]


def test_lengths_of_rows_are_those_of_the_manifest(output):
    made = output("arrow")
    first, second = made.lines()
    made.write("train_manifest.jsonl", {**first, "code_len": 9}, second)
    assert list(check_outputs(made.spec, made.store, made.names)) == [
        (ARROW_FILE, "LENGTH: 'a': codes: the manifest's code_len is 9, it holds 5")
    ]


def test_npy_files_and_rows_are_the_same(output):
    made = output("both")
    (made.root / "codes" / "A-0123456789abcdef.npy").write_bytes(encode_npy(arrays_of(2)["codes"] // 2))
    assert list(check_outputs(made.spec, made.store, made.names)) == [
        (ARROW_FILE, "DIFFERS: 'A': codes are not what its npy files hold")
    ]
