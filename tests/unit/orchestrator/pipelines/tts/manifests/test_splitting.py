"""`visemill split tts`: what it is told and what it answers."""

import json
from pathlib import Path

import pytest

from orchestrator.cli.main import main
from orchestrator.pipelines.tts.manifests.splitting import SplitOptions, split
from orchestrator.pipelines.tts.splits import fraction, is_val
from orchestrator.runs.claim.lease import Lease
from services.base.errors import BadConfig
from services.records.tts.names import MANIFESTS

IDS = [f"utt_{i:04d}" for i in range(200)]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    lines = [json.dumps({"id": one, "speaker": f"s{i % 2}", "language": "am"}) + "\n" for i, one in enumerate(IDS)]
    (tmp_path / MANIFESTS[0]).write_text("".join(lines))
    return tmp_path


def ids(output: Path, manifest: str) -> list[str]:
    return [json.loads(line)["id"] for line in (output / manifest).open()]


def test_a_share_is_that_of_the_run(output: Path) -> None:
    found = split(SplitOptions(str(output), 0.3))
    wanted = [one for one in IDS if is_val(one, 0.3)]
    assert ids(output, MANIFESTS[1]) == wanted
    assert found.data["moved"] == found.data["val"] == len(wanted)
    assert f"{200 - len(wanted)} clips in train, {len(wanted)} in val" in found.text


def test_a_count_takes_the_first_candidates_and_an_odd_split_is_told(output: Path) -> None:
    found = split(SplitOptions(str(output), val_count=5))
    assert ids(output, MANIFESTS[1]) == [one for one in IDS if fraction(one) < 0.5][:5]
    assert any("fewer than 10" in note for note in found.data["notes"]) and "note: val has 5" in found.text


@pytest.mark.parametrize(
    ("given", "said"), [({}, "--output-dir is empty"), ({"output_dir": "/x", "val_count": -1}, "--val-count must be")]
)
def test_what_is_no_split_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(BadConfig, match=said):
        SplitOptions(**given)  # type: ignore[arg-type]


def test_an_output_at_which_somebody_else_is_at_work_is_left_alone(
    output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["split", "tts", "--output-dir", str(output), "--val-count", "5", "-o", "json"]
    with Lease(str(output), "somebody"):
        assert main(line) == 78
        assert json.loads(capsys.readouterr().out)["error"]["reason"] == "OUTPUT_IN_USE"
        assert not (output / MANIFESTS[1]).exists()
    assert main(line) == 0
    assert len(ids(output, MANIFESTS[1])) == 5


def test_an_output_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["split", "tts", "--output-dir", str(tmp_path / "out")]) == 78
    assert "ROOT_MISSING" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
