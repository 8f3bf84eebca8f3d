"""`visemill pairs`: what it is told, and that it names speakers with one clip."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.main import main
from orchestrator.pipelines.tts.tools.pairing import PairOptions
from services.base.errors import EXIT_OK, BadConfig


def _manifest(folder: Path) -> Path:
    path = folder / "train.jsonl"
    names = ("text_ids", "codes", "condition", "emo_vec")
    with path.open("w") as file:
        for key, speaker in (("a", "s"), ("b", "s"), ("c", "alone")):
            values: dict[str, Any] = {"id": key, "speaker": speaker, "text": "x", "text_len": 1, "code_len": 2}
            values |= {f"{name}_path": f"{name}/{key}.npy" for name in names}
            file.write(json.dumps(values) + "\n")
    return path


@pytest.mark.parametrize(
    "command", [["pairs", "tts"], ["pairs"], ["build_gpt_prompt_pairs.py"], ["generate_gpt_pairs"]]
)
def test_pairs_and_who_has_none(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = [*command, "--manifest", str(_manifest(tmp_path)), "--output", str(tmp_path / "pairs.jsonl")]
    assert main([*argv, "--pairs_per_target", "1"]) == EXIT_OK
    assert "1 speaker with one clip, and no pair: alone" in capsys.readouterr().out
    pairs = [json.loads(line)["id"] for line in (tmp_path / "pairs.jsonl").open()]
    assert pairs == ["a__b", "b__a"]


def test_the_format_of_the_answer_is_asked_for_by_its_short_flag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "pairs.jsonl")
    assert main(["pairs", "--manifest", str(_manifest(tmp_path)), "--output", output, "-o", "json"]) == EXIT_OK
    answer = json.loads(capsys.readouterr().out)
    assert (answer["output"], answer["num_pairs"], answer["speakers_of_one_clip"]) == (output, 2, ["alone"])


def test_what_is_needed() -> None:
    with pytest.raises(BadConfig, match="--output is missing"):
        PairOptions("m.jsonl")
    assert PairOptions("m", "o").pairing().seed == 2025
