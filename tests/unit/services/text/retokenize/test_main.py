"""The command: what it says, how it ends, and that a killed process costs no record."""

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.base.errors import EXIT_OK, EXIT_QUARANTINED
from services.text.retokenize.__main__ import main
from services.text.tokenizer import Tokenizer

_NUM = 3_000


def _manifest(folder: Path, num: int = 5) -> Path:
    path = folder / "train.jsonl"
    lines = [json.dumps({"id": f"s/{i}", "text": "ten " * (i % 7 + 1), "n": i}) for i in range(num)]
    path.write_text("\n".join(lines) + "\n")
    return path


def _argv(model: Path, manifest: Path, to: Path, *more: str) -> list[str]:
    return ["--manifest", str(manifest), "--tokenizer", str(model), "--output-dir", str(to), *more]


def _answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_what_was_done(small_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = _manifest(tmp_path)
    assert main(_argv(small_model, manifest, tmp_path / "new")) == EXIT_OK
    found = _answer(capsys)
    assert found["output_manifest"] == str(tmp_path / "new" / "train.jsonl")
    assert found["tokenizer_sha256"] == Tokenizer(small_model).sha256
    assert (found["num_records"], found["num_encoded"], found["unknown_share"]) == (5, 5, 0)
    assert main(_argv(small_model, manifest, tmp_path / "new", "--skip-existing")) == EXIT_OK
    assert _answer(capsys)["num_kept"] == 5
    with manifest.open("a") as file:
        file.write("no json\n")
    assert main(_argv(small_model, manifest, tmp_path / "new", "--trust-existing")) == EXIT_QUARANTINED
    assert "BAD_JSON" in _answer(capsys)["notes"][0]


def test_the_output_of_a_run_is_told_to_differ_from_it(
    small_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".visemill").mkdir()
    assert main(_argv(small_model, _manifest(tmp_path), tmp_path)) == EXIT_OK
    assert "is the output of a run" in _answer(capsys)["notes"][-1]


def test_the_preprocessor_hangs_its_workers_defunct(small_model: Path, tmp_path: Path) -> None:
    """On all cores, with a process killed as soon as it is there: every record is made, in order, and the end comes.

    Takes some seconds: processes are started twice.
    """
    manifest = _manifest(tmp_path, _NUM)
    argv = [sys.executable, "-m", "services.text.retokenize", *_argv(small_model, manifest, tmp_path / "new")]
    process = subprocess.Popen(
        [*argv, "--workers", "2", "--language", "am"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    killed = False
    while not killed and process.poll() is None:
        killed = _kill_one(process.pid)
    out, error = process.communicate(timeout=120)
    assert process.returncode == EXIT_OK, error
    assert "Traceback" not in error
    assert killed
    assert json.loads(out)["num_encoded"] == _NUM
    records = [json.loads(line) for line in (tmp_path / "new" / "train.jsonl").open()]
    assert [values["n"] for values in records] == list(range(_NUM))
    tokenizer = Tokenizer(small_model)
    wanted = [tokenizer.encode("ten " * i, "am").ids_N.tolist() for i in range(1, 8)]
    for values in records:
        assert np.load(tmp_path / "new" / values["text_ids_path"]).tolist() == wanted[values["n"] % 7]


def _kill_one(parent: int) -> bool:
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        workers = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    except OSError:
        return False
    return bool(workers) and subprocess.run(["kill", "-9", workers[-1]], check=False).returncode == 0


def test_a_full_disk_leaves_the_old_manifest_and_the_old_ids(small_model: Path, tmp_path: Path) -> None:
    manifest = _manifest(tmp_path, 200)
    assert main(_argv(small_model, manifest, tmp_path)) == EXIT_OK
    np.save(tmp_path / "text_ids" / "s" / "0.npy", np.arange(2, dtype=np.int32))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = subprocess.run(
        [sys.executable, "-m", "services.text.retokenize", *_argv(small_model, manifest, tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        # A file may have no more bytes than that: the manifest has more.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert done.returncode == 78
    assert done.stderr.splitlines()[-1].startswith("DISK_FULL"), "after lines of progress, if it took that long"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("no tokenizer", "MODEL_MISSING"),
        ("truncated tokenizer", "MODEL_UNREADABLE"),
        ("text for a tokenizer", "MODEL_UNREADABLE"),
        ("another digest", "MODEL_CHANGED"),
        ("no manifest", "NOT_READABLE"),
        ("no languages", "BAD_FLAGS"),
    ],
)
def test_faults_leave_no_output(
    small_model: Path, tmp_path: Path, fault: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "nothing.jsonl" if fault == "no manifest" else _manifest(tmp_path)
    model = {"no tokenizer": tmp_path / "none.model"}.get(fault, tmp_path / "it.model")
    data = {"truncated tokenizer": small_model.read_bytes()[:-200], "text for a tokenizer": b"hello\n"}
    (tmp_path / "it.model").write_bytes(data.get(fault, small_model.read_bytes()))
    more = {
        "another digest": ["--tokenizer-sha256", "0" * 64],
        "no languages": ["--romanize", "--romanize-languages", ","],
    }
    assert main(_argv(model, manifest, tmp_path / "new", *more.get(fault, []))) == 78
    assert capsys.readouterr().err.startswith(said)
    assert list(tmp_path.rglob("*.npy")) == []
    assert not (tmp_path / "new" / manifest.name).exists()
