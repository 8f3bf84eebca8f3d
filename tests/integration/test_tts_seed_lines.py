"""The command lines of the original's own guide work as they are written there, in one folder, one after the other."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from tts_corpus import CONFIG, MODEL_DIM, spoken, tokenizer, write_manifest

from orchestrator.cli.main import main

# As the guide has them.
LINES = r"""
uv run python tools/preprocess_data.py \
  --manifest dataset/manifest.jsonl \
  --output-dir preprocessed \
  --tokenizer tokenizers/bpe.model \
  --language am \
  --val-ratio 0.01 \
  --batch-size 0 \
  --workers 0

uv run python tools/preprocess_data.py \
  --dataset am=am/manifest.jsonl=am_processed \
  --dataset ja=ja/manifest.jsonl=ja_processed \
  --output-root preprocessed_root \
  --tokenizer tokenizers/multilingual_bpe.model \
  --batch-size 0 --workers 0

uv run python tools/preprocess_multiproc.py \
  --manifest dataset/manifest.jsonl \
  --output-dir preprocessed \
  --tokenizer tokenizers/bpe.model \
  --language am \
  --num-processes 4 \
  --batch-size 4 \
  --workers 8 \
  --skip-existing
"""
BEFORE = "uv run python tools/"


def command_lines() -> list[list[str]]:
    """Words of each, from the name of the script on."""
    joined = LINES.replace("\\\n", " ")
    return [shlex.split(line.removeprefix(BEFORE)) for line in joined.strip().splitlines() if line]


@pytest.fixture
def there(testdata: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the guide speaks of, with the model's config where the original's users have it."""
    clips = spoken(testdata)[2:]
    for name, lines in {"dataset": clips, "am": clips[:1], "ja": clips[1:]}.items():
        write_manifest(tmp_path / name / "manifest.jsonl", lines)
    (tmp_path / "tokenizers").mkdir()
    for name in ("bpe.model", "multilingual_bpe.model"):
        (tmp_path / "tokenizers" / name).symlink_to(tokenizer(testdata).resolve())
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "config.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "no_cache"))
    return tmp_path


def test_the_command_lines_of_the_guide_work_as_written(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Takes half a minute: three runs whose workers load the libraries of text and networks."""
    single, several, parallel = command_lines()
    assert main(single) == 0, capsys.readouterr().err
    made = {path: path.read_bytes() for path in there.glob("preprocessed/*/*.npy")}
    assert sorted(str(path.relative_to(there / "preprocessed")) for path in made) == sorted(
        f"{folder}/{key}.npy" for folder in ("text_ids", "codes", "condition", "emo_vec") for key in ("hate", "mid")
    )
    assert np.load(there / "preprocessed/condition/mid.npy").shape == (32, MODEL_DIM)

    assert main(several) == 0, capsys.readouterr().err
    told = capsys.readouterr()
    assert "am_processed" in told.out and "ja_processed" in told.out
    # Each OUTPUT was used as given, and so lies where the root does not lead.
    assert "not directly below --output-root" in told.err
    assert not (there / "preprocessed_root").exists()
    for folder, key in (("am_processed", "hate"), ("ja_processed", "mid")):
        assert [path.name for path in (there / folder / "codes").iterdir()] == [f"{key}.npy"]
        assert main(["status", "--output-root", folder, "-o", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["finished"]

    assert main(parallel) == 0, capsys.readouterr().err
    assert {path: path.read_bytes() for path in there.glob("preprocessed/*/*.npy")} == made
