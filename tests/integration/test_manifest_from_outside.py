"""A pipeline of a manifest, from outside the checkout: text and paths in JSON lines, media in a folder and a bucket.

The pipeline (tests/fakes/spoken) adds its package and a line in each of two tables.
"""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from forked_checkout import assert_only_tables_touched, environment_of, forked
from tones_fork import write_tones

from services.base.run.sharding import shard_of

TABLES = {
    "services/__main__.py": ('STAGES: dict[str, str] = {\n    "decode"', '    "spoken": "spoken",\n'),
    "orchestrator/pipelines/__init__.py": (
        'PIPELINES: dict[str, str] = {\n    "grid"',
        '    "spoken": "spoken.pipeline",\n',
    ),
}
LIMIT_S = 120
NUM_SHARDS = 5
FINISHED, WITH_QUARANTINE = 0, 3


def argv(*words: object) -> list[str]:
    return [sys.executable, "-m", "orchestrator.cli.main", *map(str, words)]


def files(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file() and ".visemill" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_manifest_over_a_folder_and_a_bucket_is_run_killed_and_resumed(s3_server, tmp_path: Path) -> None:
    """Four starts of the command line, and workers beside three of them."""
    fork = forked(tmp_path / "fork", TABLES, ["tones", "spoken"])
    assert_only_tables_touched(fork, TABLES)
    environment = {**environment_of(fork), **s3_server.environment()}

    def visemill(*words: object, exits: int) -> dict[str, object]:
        done = subprocess.run(
            [*argv(*words), "-o", "json"],
            cwd=fork,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == exits, done.stderr
        return json.loads(done.stdout)

    wavs, client, bucket = write_tones(tmp_path / "wavs"), s3_server.client(), s3_server.new_bucket()
    for name in ("c.wav", "d.wav"):
        client.fput_object(bucket, f"speech/{name}", str(wavs / name))
        (wavs / name).unlink()
    (tmp_path / "lists").mkdir()
    (wavs / "e.wav").rename(tmp_path / "lists" / "e.wav")
    lines = [
        {"id": "am/a", "audio": "a.wav", "text": "ሰላም", "language": "am", "duration": 0.5},
        {"id": "b", "audio": str(wavs / "b.wav"), "text": "one\ntwo"},
        {"id": "c", "audio": "c.wav"},
        {"id": "d", "audio": f"s3://{bucket}/speech/d.wav", "text": "d"},
        {"id": "e", "audio": "./e.wav", "language": "en"},
        {"id": "gone", "audio": "gone.wav"},
        {"id": "b", "audio": "a.wav"},
    ]
    manifest = tmp_path / "lists" / "all.jsonl"
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\r\n" for line in lines)
    manifest.write_bytes(text.encode("utf-16"))

    hold = tmp_path / "hold"
    keys = ["am/a", "b", "c", "d", "e"]
    # Of the last shard, so that one before it is done while it waits.
    last = max(keys, key=lambda key: shard_of(key, NUM_SHARDS))
    held = f"{last.rpartition('/')[2]}={hold}"
    whole, killed = tmp_path / "whole", tmp_path / "killed"

    def run(output: Path) -> list[object]:
        roots = ("--input-root", wavs, "--input-root", f"s3://{bucket}/speech", "--output-root", output)
        words = ("--hold", held, "--manifest", manifest, "--num-shards", NUM_SHARDS, "--workers", 1)
        return ["run", "spoken", *roots, *words]

    answer = visemill(*run(whole), exits=WITH_QUARANTINE)
    assert answer["finished"]
    made = files(whole)
    assert {name for name in made if name.endswith(".npz")} == {f"{key}.npz" for key in keys}
    assert json.loads(made["said.json"]) == {
        "am/a": ["ሰላም", "am", 0.5],
        "b": ["one\ntwo", "", None],
        "c": ["", "", None],
        "d": ["d", "", None],
        "e": ["", "en", None],
    }
    problems = [json.loads(line) for line in made["quarantine.jsonl"].decode().splitlines()]
    assert {(one["key"], one["reason"], one["line"]) for one in problems} == {
        ("gone", "MEDIA_MISSING", 6),
        ("b", "DUPLICATE_ID", 7),
    }

    hold.touch()
    with subprocess.Popen(argv(*run(killed)), cwd=fork, env=environment, stderr=subprocess.PIPE) as process:
        until_s = time.monotonic() + LIMIT_S
        while not list(killed.rglob("done.json")) and time.monotonic() < until_s and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert list(killed.rglob("done.json")) and not (killed / "said.json").exists()
    hold.unlink()
    assert visemill("resume", "--output-root", killed, "--workers", 1, exits=WITH_QUARANTINE)["finished"]
    again = files(killed)
    assert {name: data for name, data in again.items() if name != "quarantine.jsonl"} == {
        name: data for name, data in made.items() if name != "quarantine.jsonl"
    }
    # What is made again is told what the manifest says of the clip, wherever that lies.
    assert not visemill("verify", "--output-root", killed, "--recompute", "100%", exits=FINISHED)["problems"]
