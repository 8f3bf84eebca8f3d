"""Speech: padding by length against file order, a worker against a bare loop, two against one, texts.

python benchmarks/speech.py [--worker-clips 48] [--texts 20000]

The networks of the workers have random weights and middling sizes. Their CPU seconds are those of a whole run, from its
command to its end with every process, less those of the same run with 4 clips: what a clip costs, and not a start.
Needs a tokenizer for all but the padding: VISEMILL_TESTDATA.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from orchestrator.pipelines.tts.pipeline import PIPELINE
from services.__main__ import open_stage
from services.base.media.clip import Clip, ClipAttributes, Media
from services.base.process.threads import thread_environment
from services.base.stage.clip_pass import ClipPass, PiecePart
from services.base.stage.spec import ClipJob
from services.base.stage.window import ClipSize
from services.features.batching.by_length import NUM_CLIPS, batches_by_length, padding_waste
from services.features.speech.filterbank import num_frames
from services.features.tts.spec import STEPS_OF_A_CLIP

ROOT = Path(__file__).resolve().parents[1]
TESTDATA = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared"))
RATE_HZ = 16_000
# Clips of a run whose CPU time is taken as a start's.
FEW = 4
# Large enough that the networks are nearly all of a clip's time, small enough for a minute.
MIDDLING = """
w2v_bert: {hidden_size: 512, num_attention_heads: 8, intermediate_size: 2048, num_layers: 6}
semantic_codec: {codebook_size: 8192, hidden_size: 512, codebook_dim: 8, vocos_dim: 192, vocos_intermediate_dim: 512}
gpt:
  model_dim: 256
  condition_module: {output_size: 128, linear_units: 512, attention_heads: 4, num_blocks: 3, perceiver_mult: 2}
  emo_condition_module: {output_size: 128, linear_units: 256, attention_heads: 4, num_blocks: 2, perceiver_mult: 2}
"""


def uniform(rng: np.random.Generator, num: int, most_s: float = 15.0) -> np.ndarray:
    return rng.uniform(1.0, most_s, num)


def log_normal(rng: np.random.Generator, num: int) -> np.ndarray:
    return np.clip(rng.lognormal(math.log(4.0), 0.6, num), 1.0, 30.0)


def padding_table(num_clips: int = 2048) -> None:
    """Share of what is computed that is padding: ours on full windows and on 200 clips, the original's order of 8."""
    print("\n| lengths | ours, a window of 512 | ours, 200 clips | file order, 8 at once |\n|---|---|---|---|")
    for name, lengths in (("uniform 1 to 15 s", uniform), ("log-normal, median 4 s", log_normal)):
        seconds = lengths(np.random.default_rng(0), num_clips)
        sizes = [ClipSize(f"{i:05}", num_frames(int(s * RATE_HZ)), float(s)) for i, s in enumerate(seconds)]
        windows = [sizes[i : i + NUM_CLIPS] for i in range(0, len(sizes), NUM_CLIPS)]
        budget = 8 * STEPS_OF_A_CLIP
        ours = float(np.mean([padding_waste(w, batches_by_length(w, budget)) for w in windows]))
        few = padding_waste(sizes[:200], batches_by_length(sizes[:200], budget))
        theirs = padding_waste(sizes, [range(i, min(i + 8, len(sizes))) for i in range(0, len(sizes), 8)])
        print(f"| {name} | {ours:.1%} | {few:.1%} | {theirs:.1%} |")


def corpus(folder: Path, num_clips: int) -> list[dict[str, str]]:
    """Clips of noise, and their manifest."""
    rng, lines = np.random.default_rng(2), []
    (folder / "audio").mkdir(parents=True)
    for i, seconds in enumerate(uniform(rng, num_clips, 6.0)):
        path = folder / "audio" / f"c{i:04}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes((rng.standard_normal(int(seconds * RATE_HZ)) * 3000).astype("<i2").tobytes())
        lines.append({"id": path.stem, "text": "ONE OF MANY", "audio": str(path), "language": "ja"})
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "config.yaml").write_text(MIDDLING)
    return lines


def bare_loop(folder: Path, lines: Sequence[dict[str, str]], tokenizer: Path) -> float:
    """CPU seconds of the stages called in one process, nothing around them."""
    torch.set_num_threads(1)
    configs: dict[str, dict[str, Any]] = {
        "audio": {"sample_rate_hz": 24_000, "resampler": "sinc"},
        "text": {"tokenizer": str(tokenizer)},
        "fbank": {},
        "speech": {"config": str(folder / "config.yaml"), "device": "cpu"},
        "ttsfiles": {},
    }
    opened = ClipPass([open_stage(name, config, None, configs) for name, config in configs.items()])

    def one(line: dict[str, str], sink: Any) -> None:
        clip = Clip(
            line["id"], line["id"], "", line["audio"], attributes=ClipAttributes(line["text"], line["language"])
        )
        for part in opened.run(ClipJob(clip, Media.of_file(Path(line["audio"]))), {}):
            if isinstance(part, PiecePart):
                sink.write(part.data)

    with (folder / "bare").open("wb") as sink:
        for line in lines[:FEW]:
            one(line, sink)
        began_s = time.process_time()
        for line in lines[FEW:]:
            one(line, sink)
    return time.process_time() - began_s


@dataclass(frozen=True)
class Spent:
    """cpu_s: of all processes. wall_s: from the first shard's begin to the last one's end."""

    cpu_s: float
    wall_s: float


def run(folder: Path, tokenizer: Path, processes: int, max_clips: int) -> Spent:
    """A run of two shards."""
    out = folder / f"out{processes}-{max_clips}"
    argv = [
        sys.executable, "-m", "orchestrator.cli.main", "run", "tts", "--manifest", folder / "manifest.jsonl",
        "--output-root", out, "--tokenizer", tokenizer, "--config", folder / "config.yaml", "--device", "cpu",
        "--max-samples", max_clips, "--num-shards", 2, PIPELINE.numbers.workers, processes, "--quiet", "-o", "json",
    ]  # fmt: skip
    before_s = children_s()
    done = subprocess.run([*map(str, argv)], cwd=ROOT, capture_output=True, text=True, check=False)
    cpu_s = children_s() - before_s
    if done.returncode not in (0, 3):
        sys.exit(done.stdout + done.stderr)
    shards = [json.loads(path.read_text()) for path in out.glob(".visemill/runs/*/shards/*/done.json")]
    if len(shards) != 2:
        sys.exit(f"2 shards were expected below {out}, not {len(shards)}")
    walls = [shard["seconds"]["wall"] for shard in shards]
    return Spent(cpu_s, max(walls) if processes > 1 else sum(walls))


def children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def worker_table(num_clips: int, tokenizer: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = corpus(folder, num_clips)
        bare_s = bare_loop(folder, lines, tokenizer)
        few = {processes: run(folder, tokenizer, processes, FEW) for processes in (1, 2)}
        all_ = {processes: run(folder, tokenizer, processes, num_clips) for processes in (1, 2)}
    one_s, two_s = (all_[processes].cpu_s - few[processes].cpu_s for processes in (1, 2))
    print(f"\n{num_clips - FEW} clips of 1 to 6 s, networks of middling size, one thread each")
    print("\n| what | CPU s | ratio |\n|---|---|---|")
    print(f"| bare loop over the same stages | {bare_s:.1f} | |")
    print(f"| one worker, all processes | {one_s:.1f} | {bare_s / one_s:.2f} of the bare loop's speed |")
    print(f"| two workers | {two_s:.1f} | {2 * one_s / two_s:.2f} times one's speed, had each a core |")
    print(f"\nBy the clock two workers were {all_[1].wall_s / all_[2].wall_s:.2f} times as fast as one.")


def text_table(num_texts: int, tokenizer: Path) -> None:
    """Texts as they stand in a manifest to ids, and the model alone on what it is given; the median of ten parts."""
    import sentencepiece

    from services.text.cleaning import clean_text
    from services.text.tokenizer import Tokenizer

    encoder, model = Tokenizer(tokenizer), sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))
    print("\n| texts, one core | a second | the model alone |\n|---|---|---|")
    for language, text, share in (
        ("ja", "これは{}番目の文です。", 1.0), ("am", "ይህ ዓረፍተ ነገር ቁጥር {} ነው።", 1.0),
        ("ko", "이것은 {}번째 문장입니다.", 1.0), ("es", "Esta es la frase {} de muchas.", 1.0),
        ("en", "This is sentence number {} of many.", 0.02), ("zh", "这是第{}个句子。", 0.02),
    ):  # fmt: skip
        texts = [text.format(i) for i in range(int(num_texts * share))]
        given = [encoder.pieces_text(text, language) for text in texts]
        whole = _a_second(lambda one, language=language: encoder.encode(clean_text(one), language), texts)
        print(f"| {language} | {whole:,.0f} | {_a_second(model.encode, given):,.0f} |")


def _a_second(call: Callable[[str], object], texts: Sequence[str]) -> float:
    rates = []
    for part in range(10):
        chosen = texts[part::10]
        began_s = time.process_time()
        for one in chosen:
            call(one)
        rates.append(len(chosen) / (time.process_time() - began_s))
    return float(np.median(rates))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker-clips", type=int, default=48, help="0: none")
    parser.add_argument("--texts", type=int, default=20_000, help="0: none")
    flags = parser.parse_args()
    os.environ.update(thread_environment(1))
    padding_table()
    tokenizer = TESTDATA / "weights" / "indextts2_bpe.model"
    if not tokenizer.is_file():
        print(f"\n{tokenizer} is not there: the tables of workers and texts are left out")
        return
    if flags.worker_clips:
        worker_table(flags.worker_clips, tokenizer)
    if flags.texts:
        text_table(flags.texts, tokenizer)


if __name__ == "__main__":
    main()
