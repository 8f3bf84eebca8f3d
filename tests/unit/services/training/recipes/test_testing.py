"""What a test of a model leaves, and what it prints."""

import json
from pathlib import Path

import pytest

from services.training.lipreading.scores.printed import ModelTest
from services.training.lipreading.scores.score import Transcript
from services.training.recipes.tested import TestedModel
from services.training.recipes.testing import answer_test

CLIPS = [Transcript(f"s1/{i}", "s1", "bin blue", hypothesis, 10) for i, hypothesis in enumerate(("bin blue", "no"))]
FOUND = ModelTest("test", CLIPS, CLIPS, "bin blue", {"data": "d"})


@pytest.mark.parametrize("as_json", [True, False])
def test_files_are_written_and_the_worst_clips_are_looked_into(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    looked: list[str] = []

    def looks(chosen: object) -> list[object]:
        looked.extend(one.key for one in chosen)  # type: ignore[attr-defined]
        return []

    settings = TestedModel(checkpoint=str(tmp_path / "best_model.pt"), num_shown=1, num_examples=1)
    assert answer_test(FOUND, looks, settings, as_json=as_json) == 0  # type: ignore[arg-type]
    assert looked == ["s1/1"]
    assert {path.name for path in (tmp_path / "tests/test").iterdir()} == {
        "results.parquet",
        "scores.json",
        "test.html",
    }
    printed = capsys.readouterr().out
    text = json.loads(printed)["text"] if as_json else printed
    assert "Example 1:" in text and "Example 2:" not in text and f"results: {tmp_path}/tests/test" in text
