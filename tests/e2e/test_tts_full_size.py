"""`run tts` at the published sizes, once: four scripts, the published tokenizer, config and statistics.

Takes up to two minutes: 0.8 billion seeded weights are made, and a second of speech costs a second. No other test says
that a run with the sizes of the published config has the shapes that a trainer reads, and fits into memory.
"""

from __future__ import annotations

import json
import os
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tts_corpus import tokenizer, write_manifest

from services.features.speech.filterbank import RATE_HZ, num_frames

pytestmark = pytest.mark.slow

MOST_BYTES = 6 << 30
NUM_PIECES = 12_000
SEEDED = {"gpt_checkpoint": "seeded:0", "semantic_codec": "seeded:0", "w2v_bert": "seeded:0"}
# Name, file, seconds of it, text, language.
SPOKEN = (
    ("en/1", "voice_01.wav", 2.0, "Translate for me, what is a surprise!", "en"),
    ("zh/1", "mid.wav", 1.5, "我们今天去哪里？", "zh"),
    ("ja/1", "maskgct_prompt.wav", 1.0, "今日は、世界。", "ja"),
    ("am/1", "long.wav", 1.2, "ሰላም ለዓለም።", "am"),
)


def cut(source: Path, target: Path, num_s: float) -> int:
    """The beginning of a sound, as 16 bit at its own rate. Returns the samples that it becomes at RATE_HZ."""
    with av.open(str(source)) as whole:
        rate_hz = whole.streams.audio[0].rate
        resampler = av.AudioResampler("s16", "mono", rate_hz)
        frames = (made for frame in whole.decode(audio=0) for made in resampler.resample(frame))
        samples_T = np.concatenate([frame.to_ndarray().ravel() for frame in frames])[: int(num_s * rate_hz)]
    with wave.open(str(target), "wb") as part:
        part.setnchannels(1)
        part.setsampwidth(2)
        part.setframerate(rate_hz)
        part.writeframes(samples_T.astype("<i2").tobytes())
    at_24_khz = -(-len(samples_T) * 24_000 // rate_hz)
    return -(-at_24_khz * RATE_HZ // 24_000)


def test_the_published_sizes_from_end_to_end(visemill: Any, testdata: Path, tmp_path: Path) -> None:
    """One run; its largest process stays below 6 GB."""
    lines, lengths = [], {}
    for key, name, num_s, text, language in SPOKEN:
        target = tmp_path / f"{language}.wav"
        lengths[key] = num_frames(cut(testdata / "data" / "speech" / name, target, num_s))
        lines.append({"id": key, "text": text, "audio": target.name, "speaker": language, "language": language})
    manifest = write_manifest(tmp_path / "manifest.jsonl", lines)
    weights, out = testdata.resolve() / "weights", tmp_path / "out"
    words = ["run", "tts", "--manifest", manifest, "--tokenizer", tokenizer(testdata), "--output-dir", out]
    words += ["--config", weights / "indextts2_config.yaml", "--w2v-stat", weights / "wav2vec2bert_stats.pt"]
    words += ["--max-unk-share", 1, "--val-count", 1, "--num-shards", 1, "--device", "cpu", "-o", "json", "--quiet"]
    with (tmp_path / "said").open("w+") as said:
        process = visemill.start(*words, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (tmp_path / "said").read_text()[-3000:]
    assert used.ru_maxrss * 1024 < MOST_BYTES

    for key, length in lengths.items():
        ids, codes, condition, emotion = (
            np.load(out / folder / f"{key}.npy") for folder in ("text_ids", "codes", "condition", "emo_vec")
        )
        assert (ids.dtype, codes.dtype, condition.dtype, emotion.dtype) == (np.int32, np.int32, np.float32, np.float32)
        assert ids.min() >= 0 and ids.max() < NUM_PIECES and len(ids) > 1
        assert codes.shape == (length,) and codes.min() >= 0 and codes.max() < 8192
        assert condition.shape == (32, 1280) and emotion.shape == (1280,)
        assert np.isfinite(condition).all() and np.isfinite(emotion).all()

    by_split = {
        split: [json.loads(line) for line in (out / f"{split}_manifest.jsonl").open()] for split in ("train", "val")
    }
    assert {split: len(found) for split, found in by_split.items()} == {"train": 3, "val": 1}
    by_id = {record["id"]: record for found in by_split.values() for record in found}
    assert {key: record["code_len"] for key, record in by_id.items()} == lengths
    assert all(record["condition_len"] == 32 for record in by_id.values())
    assert {record["text"] for record in by_id.values()} == {text for *_, text, _ in SPOKEN}
    models = json.loads((out / "meta.json").read_bytes())["models"]
    assert SEEDED.items() <= models.items() and models["w2v_stat"].startswith("sha256:c9c176c2")
