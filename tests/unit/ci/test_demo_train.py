"""What `make demo-train` believes: error rates within their bounds, on clips that nobody learnt from."""

import json
from pathlib import Path
from typing import Any

import pytest
from demo_train import Judged, control_faults, main


def a_test(cer: float, constant: float = 0.56, learnt_from: int = 0) -> dict[str, Any]:
    return {
        "cer": cer,
        "cer_interval": [cer - 0.03, cer + 0.03],
        "constant": {"cer": constant},
        "untrained": {"cer": 1.0},
        "clips": 32,
        "learnt_from": learnt_from,
        "transcripts": [{"key": "s1/a", "reference": "bin blue", "hypothesis": "bin lue"}],
    }


@pytest.mark.parametrize(
    ("one", "fault"),
    [
        (a_test(0.15), ""),
        (a_test(0.16), "CER 16.0% is over 15%"),
        (a_test(0.12, constant=0.15), "CER may be 15.0%, not below the constant sentence's 15.0%"),
        (a_test(0.12, constant=0.16), ""),
        (a_test(0.02, learnt_from=3), "3 of its clips were learnt from"),
    ],
)
def test_an_error_rate_is_believed_within_its_bound_and_below_the_constant_sentence(
    one: dict[str, Any], fault: str
) -> None:
    found = Judged.of("known speakers", 0.15, one).faults()
    assert found == ([f"known speakers: {fault}"] if fault else [])


@pytest.mark.parametrize(("unseen", "code"), [(0.25, 0), (0.26, 1)])
def test_the_last_line_has_the_figures_and_the_exit_code_says_whether_they_will_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], unseen: float, code: int
) -> None:
    files = [tmp_path / "known.json", tmp_path / "unseen.json"]
    for file, cer in zip(files, (0.133, unseen), strict=True):
        file.write_text(json.dumps(a_test(cer)))
    assert main([str(file) for file in files]) == code
    *lines, last = capsys.readouterr().out.splitlines()
    assert "s1/a: 'bin blue' is read as 'bin lue'" in lines
    assert any(line.startswith("NOT REACHED: unseen speaker") for line in lines) == bool(code)
    assert last == (
        "known speakers: CER 13.3% (10.3% to 16.3%, 32 clips; constant sentence 56.0%, untrained 100.0%); "
        f"unseen speaker: CER {unseen:.1%} ({unseen - 0.03:.1%} to {unseen + 0.03:.1%}, 32 clips; "
        "constant sentence 56.0%, untrained 100.0%)"
    )


@pytest.mark.parametrize(
    ("permuted", "shuffled", "num_faults"),
    [(0.55, 0.8, 0), (0.52, 0.8, 1), (0.57, 0.5, 1), (0.2, 0.1, 2), (None, None, 0)],
)
def test_controls_must_not_read(permuted: float | None, shuffled: float | None, num_faults: int) -> None:
    found = control_faults(*(None if cer is None else a_test(cer) for cer in (permuted, shuffled)))
    assert len(found) == num_faults
