"""A trainer's data set class, written from what trainers expect of manifests alone, reads all that the tools write."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tts_corpus import MODEL_DIM, spoken, tiny_config, tokenizer, write_manifest

from orchestrator.cli.main import main
from services.text.tokenizer import Tokenizer

START_TEXT, STOP_TEXT, START_CODE, STOP_CODE = 0, 1, 8192, 8193
MOST_TEXT, MOST_CODES = 600, 1815
"""Of the model's tables of positions, which have a place more for start and stop each."""


class TrainerDataset:
    """Arrays of a manifest's lines. paired: refuses a manifest without prompts, as a trainer with prompts does."""

    def __init__(self, manifest: Path, *, paired: bool) -> None:
        self.folder, self.paired = manifest.parent, paired
        with manifest.open(encoding="utf-8") as file:
            self.records: list[dict[str, Any]] = [json.loads(line) for line in file if line.strip()]
        if paired and not all("prompt_condition_path" in one and "target_codes_path" in one for one in self.records):
            raise ValueError(f"{manifest} has no prompts: pair it")

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> dict[str, Any]:
        record = self.records[index]
        target, prompt = ("target_", "prompt_") if self.paired else ("", "")
        item = {
            "id": record["id"],
            "text_ids": self._array(record, f"{target}text_ids_path", np.int32, (record[f"{target}text_len"],)),
            "codes": self._array(record, f"{target}codes_path", np.int32, (record[f"{target}code_len"],)),
            "condition": self._array(
                record, f"{prompt}condition_path", np.float32, (record[f"{prompt}condition_len"], MODEL_DIM)
            ),
            "emo_vec": self._array(record, f"{target}emo_vec_path", np.float32, (MODEL_DIM,)),
        }
        if len(item["text_ids"]) > MOST_TEXT or len(item["codes"]) > MOST_CODES:
            raise ValueError(f"{record['id']} has no positions: leave it out")
        return item

    def _array(self, record: dict[str, Any], field: str, dtype: type, shape: tuple[int, ...]) -> np.ndarray:
        array: np.ndarray = np.load(self.folder / record[field], allow_pickle=False)
        assert (array.dtype, array.shape) == (dtype, shape), (record["id"], field)
        return array


def collate(items: Sequence[dict[str, Any]], speed_emb: np.ndarray) -> dict[str, np.ndarray]:
    """A batch: inputs begin with start, targets end with stop, the rest is stop; masks count the one more."""
    batch: dict[str, np.ndarray] = {}
    for name, start, stop in (("text_ids", START_TEXT, STOP_TEXT), ("codes", START_CODE, STOP_CODE)):
        lengths_B = np.array([len(item[name]) for item in items])
        targets_BT = np.full((len(items), lengths_B.max() + 1), stop, np.int64)
        for row, item in zip(targets_BT, items, strict=True):
            row[: len(item[name])] = item[name]
        inputs_BT = np.concatenate([np.full((len(items), 1), start), targets_BT[:, :-1]], axis=1)
        positions_T = np.arange(targets_BT.shape[1])
        batch |= {f"{name}_in": inputs_BT, f"{name}_out": targets_BT, f"{name}_positions": positions_T}
        batch[f"{name}_mask"] = positions_T[None] < lengths_B[:, None] + 1
    voice_BND = np.stack([item["condition"] for item in items])
    emotion_B1D = np.stack([item["emo_vec"] for item in items])[:, None]
    speed_B2D = np.broadcast_to(speed_emb[[1, 0]], (len(items), 2, MODEL_DIM))
    batch["conds"] = np.concatenate([voice_BND + emotion_B1D, speed_B2D], axis=1)
    return batch


def check(dataset: TrainerDataset, vocab_size: int) -> None:
    """What a step of training would trip over."""
    items = [dataset[i] for i in range(len(dataset))]
    batch = collate(items, np.ones((2, MODEL_DIM), np.float32))
    assert batch["conds"].shape == (len(items), 32 + 2, MODEL_DIM)
    assert np.isfinite(batch["conds"]).all()
    for name, start, stop, size in (
        # A text embedding has one row more than its tokenizer has pieces.
        ("text_ids", START_TEXT, STOP_TEXT, vocab_size + 1),
        ("codes", START_CODE, STOP_CODE, STOP_CODE + 1),
    ):
        inputs, targets, mask = (batch[f"{name}_{part}"] for part in ("in", "out", "mask"))
        assert inputs.shape == targets.shape == mask.shape
        assert (inputs[:, 0] == start).all()
        assert inputs.min() >= 0
        assert max(inputs.max(), targets.max()) < size
        for row, item in enumerate(items):
            length = len(item[name])
            assert inputs[row, 1 : length + 1].tolist() == item[name].tolist()
            assert targets[row, :length].tolist() == item[name].tolist()
            assert (targets[row, length:] == stop).all()
            assert mask[row].sum() == length + 1
            # Start and stop are the trainer's: none is stored.
            assert not set(item[name].tolist()) & {start, stop}
        assert batch[f"{name}_positions"][-1] <= (MOST_TEXT if name == "text_ids" else MOST_CODES)


def visemill(*words: object, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    code = main([*map(str, words), "-o", "json"])
    found = capsys.readouterr()
    assert code == 0, found.err
    answer: dict[str, Any] = json.loads(found.out)
    return answer


def test_a_trainer_reads_manifests_pairs_retokenized_and_split_ones(
    testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Takes some twenty seconds: a run, whose stages load their libraries, and every tool on what it made."""
    lines = [{**line, "speaker": "one" if i < 3 else "alone"} for i, line in enumerate(spoken(testdata))]
    lines[1] = {**lines[1], "text": "Translate for me: ሰላም"}
    manifest = write_manifest(tmp_path / "corpus" / "manifest.jsonl", lines)
    out, lists = tmp_path / "out", tmp_path / "lists"
    base, config = tokenizer(testdata), tiny_config(tmp_path)
    run = ["run", "tts", "--manifest", manifest, "--tokenizer", base, "--config", config, "--output-dir", out]
    visemill(*run, "--val-ratio", 0, "--num-shards", 1, "--max-unk-share", 1, "--quiet", capsys=capsys)
    train, val = out / "train_manifest.jsonl", out / "val_manifest.jsonl"
    check(TrainerDataset(train, paired=False), Tokenizer(base).vocab_size)
    with pytest.raises(ValueError, match="no prompts"):
        TrainerDataset(train, paired=True)

    answer = visemill("pairs", "--manifest", train, "--output", lists / "pairs.jsonl", capsys=capsys)
    assert (answer["num_pairs"], answer["speakers_of_one_clip"]) == (6, ["alone"])
    pairs = TrainerDataset(lists / "pairs.jsonl", paired=True)
    assert len(pairs) == 6
    check(pairs, Tokenizer(base).vocab_size)

    extended = tmp_path / "am.model"
    amharic = write_manifest(tmp_path / "am.jsonl", [{"id": str(i), "text": "ሰላም ለዓለም"} for i in range(5)])
    more = ["--base-model", base, "--manifests", amharic, "--output-model", extended, "--target-size", 12_010]
    visemill("extend-tokenizer", *more, capsys=capsys)
    visemill(
        "retokenize", "--manifest", train, "--tokenizer", extended, "--output-dir", tmp_path / "new", capsys=capsys
    )
    again = TrainerDataset(tmp_path / "new" / train.name, paired=False)
    check(again, 12_010)
    model = Tokenizer(extended)
    for record, item in zip(again.records, (again[i] for i in range(len(again))), strict=True):
        assert item["text_ids"].tolist() == model.encode(record["text"]).ids_N.tolist()
    assert any((again[i]["text_ids"] >= 12_000).any() for i in range(len(again)))
    visemill("pairs", "--manifest", tmp_path / "new" / train.name, "--output", lists / "new.jsonl", capsys=capsys)
    check(TrainerDataset(lists / "new.jsonl", paired=True), 12_010)

    visemill("split", "--output-dir", out, "--val-count", 2, capsys=capsys)
    parts = [TrainerDataset(path, paired=False) for path in (train, val)]
    assert [len(part) for part in parts] == [2, 2]
    for part in parts:
        check(part, Tokenizer(base).vocab_size)
