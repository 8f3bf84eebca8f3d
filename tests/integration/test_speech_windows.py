"""Clips of speech through a worker's processes, in padded batches: any number of decoders gives the same files, a file
that is no sound costs itself alone, and so does a clip that ends the networks.
"""

import hashlib
import json
import sys
import wave
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the features extra is not installed")
pytest.importorskip("sentencepiece", reason="the speech extra is not installed")

from services.__main__ import spec_of
from services.base.media.clip import Clip, ClipAttributes, Media
from services.base.run.manifest import ClipRow
from services.base.sandbox.supervisor import PassChild, Stages, clip_limits
from services.base.stage.product import ProductFile
from services.base.worker.carrying import CarriedClip, Carrying
from services.base.worker.children import PassChildren
from services.base.worker.prefetch import ReadClip
from services.base.worker.windows import split_of

MODEL = """
w2v_bert: {hidden_size: 16, num_attention_heads: 2, intermediate_size: 24, num_layers: 2}
semantic_codec:
  {codebook_size: 64, hidden_size: 16, codebook_dim: 4, vocos_dim: 8, vocos_intermediate_dim: 12, vocos_num_layers: 2}
gpt:
  model_dim: 12
  condition_module: {output_size: 8, linear_units: 12, attention_heads: 2, num_blocks: 1, perceiver_mult: 2}
  emo_condition_module: {output_size: 8, linear_units: 12, attention_heads: 1, num_blocks: 1, perceiver_mult: 2}
"""
# A child whose networks end it when they are given a clip of that many frames; each batch gets a line.
CHILD = """
import os, signal, sys
from services.features.speech.extraction import SpeechExtractor
journal, deadly, real = sys.argv[1], int(sys.argv[2]), SpeechExtractor.__call__
def call(self, filterbanks, names):
    with open(journal, "a") as file:
        file.write(f"{[len(frames) for frames in filterbanks]}\\n")
    if deadly in map(len, filterbanks):
        os.kill(os.getpid(), signal.SIGSEGV)
    return real(self, filterbanks, names)
SpeechExtractor.__call__ = call
from services.__main__ import main
sys.exit(main(sys.argv[3:]))
"""
RATE_HZ = 16_000
# Frames of 20 ms. Batches hold 750 of them with their padding: c and a, then d and b.
FRAMES = {"a": 49, "b": 374, "c": 29, "d": 300}


class Kept:
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def add(self, clip: Clip, files: Iterable[ProductFile]) -> None:
        for file in files:
            self.files[f"{clip.key}/{file.name}"] = hashlib.sha256(b"".join(map(bytes, file.pieces))).hexdigest()


def sounds(folder: Path) -> dict[str, bytes]:
    rng, made = np.random.default_rng(0), {"broken": b"no sound at all"}
    for name, frames in FRAMES.items():
        path = folder / f"{name}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes((rng.standard_normal(frames * 320 + 240) * 3000).astype("<i2").tobytes())
        made[name] = path.read_bytes()
    return dict(sorted(made.items()))


def carried(folder: Path, media: dict[str, bytes], tokenizer: Path, num_decoders: int, deadly: int) -> Any:
    """The clips as they came, what was written of them, and the lengths in each batch."""
    (folder / "config.yaml").write_text(MODEL)
    (folder / "child.py").write_text(CHILD)
    journal = folder / f"journal{num_decoders}"
    speech = {"config": str(folder / "config.yaml"), "hf_cache_dir": str(folder), "device": "cpu", "batching": "padded"}
    stages: Stages = [
        ("audio", {"sample_rate_hz": 24_000, "resampler": "sinc"}),
        ("text", {"tokenizer": str(tokenizer)}),
        ("fbank", {}),
        ("speech", speech),
        ("ttsfiles", {}),
    ]
    specs = {name: spec_of(name) for name, _ in stages}
    program = [sys.executable, str(folder / "child.py"), str(journal), str(deadly)]
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}

    def child_of(some: Stages) -> PassChild:
        limits = clip_limits(120.0, 4096)
        return PassChild(some, limits, environment=environment, specs=specs.values(), program=program)

    children = PassChildren(child_of, stages, split_of(stages, specs, {}), num_decoders)
    writer = Kept()
    carrying = Carrying([], specs, None, False, 0, lambda: None, writer)  # type: ignore[arg-type]
    reads = [ReadClip(row(i, key), Media.of_bytes(f"{key}.wav", data)) for i, (key, data) in enumerate(media.items())]
    try:
        children.start()
        clips: list[CarriedClip] = list(children.carrier(carrying).carried(iter(reads)))  # type: ignore[arg-type]
    finally:
        children.close()
    return clips, writer.files, [json.loads(line) for line in journal.read_text().splitlines()]


def row(place: int, key: str) -> ClipRow:
    said = ClipAttributes(text="ONE OF MANY", language="ja")
    return ClipRow(
        key=key,
        utterance_id=key,
        speaker_id="",
        media=f"{key}.wav",
        split="train",
        shard=0,
        position=place,
        idx=place,
        size_bytes=1,
        version="",
        attributes=said,
    )


def test_one_and_three_decoders_give_the_same_files_and_a_clip_that_ends_the_networks_costs_itself(
    testdata: Path, tmp_path: Path
) -> None:
    """Takes over 20 s: ten processes load torch, four of them because the networks were ended."""
    tokenizer, media = testdata / "weights" / "indextts2_bpe.model", sounds(tmp_path)
    clips, expected, batches = carried(tmp_path, media, tokenizer, num_decoders=1, deadly=-1)
    assert [clip.read.row.key for clip in clips] == ["a", "b", "broken", "c", "d"]
    assert [clip.error is None for clip in clips] == [True, True, False, True, True]
    assert batches == [[29, 49], [300, 374]]
    assert not any(clip.has_split for clip in clips)

    clips, files, batches = carried(tmp_path, media, tokenizer, num_decoders=3, deadly=FRAMES["b"])
    errors = {clip.read.row.key: clip.error.reason for clip in clips if clip.error is not None}
    assert errors.keys() == {"b", "broken"} and errors["b"] == "CLIP_CRASHED"
    # The same batch once more in a fresh process, then its halves.
    assert batches == [[29, 49], [300, 374], [300, 374], [300], [374], [374]]
    assert {clip.read.row.key for clip in clips if clip.has_split} == {"b", "d"}
    same = {name: digest for name, digest in expected.items() if name[0] in "ac"}
    assert len(same) == 8
    assert same.items() <= files.items()
    assert {name.split("/")[0] for name in files} == {"a", "c", "d"}
