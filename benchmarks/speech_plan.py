"""What a manifest of very many lines costs before any work: `python benchmarks/speech_plan.py [--lines 1000000]`.

The lines repeat those of the demo corpus under ids and texts of their own, so that many of them share a file. `pin tts`
reads, checks, splits and deals them out into shards; `resume` looks for all files again, and is stopped when it loads
its models. CPU seconds count processes that the commands start. 160 MB of temporary space for a million lines.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
VISEMILL = [sys.executable, "-m", "orchestrator.cli.main"]
RESUME_LIMIT_S = 300.0


def make_manifest(folder: Path, num_lines: int) -> Path:
    """A manifest beside the demo corpus, whose files its lines name."""
    subprocess.run([*VISEMILL, "demo-corpus", str(folder), "--kind", "tts"], check=True, stdout=subprocess.DEVNULL)
    records = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    path = folder / "many.jsonl"
    with path.open("w") as file:
        for i in range(num_lines):
            record = dict(records[i % len(records)])
            record["id"] = f"{record['id']}/{i:07d}"
            record["text"] += f" {chr(ord('a') + i % 26)}"
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return path


def pin(manifest: Path, models: Path, output: Path) -> tuple[float, float, int]:
    """Seconds by the clock, of CPU, and the peak of resident bytes of any one process so far."""
    flags = ["--tokenizer", str(models / "bpe.model"), "--config", str(models / "config.yaml")]
    command = [*VISEMILL, "pin", "tts", "--manifest", str(manifest), "--output-dir", str(output), *flags]
    before, started_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started_s, cpu_s, after.ru_maxrss * 1024


def resume_s(output: Path) -> float:
    """Seconds until the models begin to load."""
    command = [*VISEMILL, "resume", "--output-root", str(output), "--ignore-free-space"]
    started_s = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            took_s = time.perf_counter() - started_s
            if "loading models" in line or took_s > RESUME_LIMIT_S:
                break
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    return took_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000, help="of the manifest (default: %(default)s)")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus, models, output = Path(folder, "corpus"), Path(folder, "models"), Path(folder, "out")
        manifest = make_manifest(corpus, flags.lines)
        script = str(ROOT / "scripts" / "make_demo_models.py")
        subprocess.run([sys.executable, script, str(corpus / "manifest.jsonl"), str(models)], check=True)
        wall_s, cpu_s, peak_bytes = pin(manifest, models, output)
        print("| lines | pin, s | pin, CPU s | pin, peak MB | resume to its models, s |\n|---|---|---|---|---|")
        print(f"| {flags.lines} | {wall_s:.1f} | {cpu_s:.1f} | {peak_bytes / 1e6:.0f} | {resume_s(output):.1f} |")


if __name__ == "__main__":
    main()
