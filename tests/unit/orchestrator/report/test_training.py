"""The report of a training: how it went, what was left out, how it reads beside what cannot read lips."""

import re

from orchestrator.report.page import Findings, page
from orchestrator.report.training import training_findings
from services.base.run.passes import GangPass
from services.base.run.spec import RunSpec

GANG = GangPass("train", "grid-ctc", 1, "d" * 64, at_root=True)
SPEC = RunSpec("r1", "grid-ctc", "d" * 64, (), "/in", "/out", 0, 1, "c" * 64, {}, gangs=(GANG,))
LOG = b"""2025-01-20 10:30:15 - INFO - Train samples: 288
2025-01-20 10:30:15 - INFO - Total parameters: 901,164
2025-01-20 10:30:16 - WARNING - s1/<b> is left out: its record is damaged
"""
METRICS = b'{"epoch": 1, "step": 4, "train_loss": 2.0, "val_loss": 3.0, "val_cer": 0.5}\n'


def scored(cer, **more):
    return {"clips": 4, "cer": cer, "cer_interval": [cer - 0.1, cer + 0.1], "wer": cer, "wer_interval": [0, 1], **more}


SCORES = scored(
    0.25,
    untrained=scored(0.95),
    constant=scored(0.55, text="bin blue"),
    learnt_from=4,
    worst=[{"key": "s1/a", "reference": "bin red", "hypothesis": "bin", "cer": 0.57}],
)


def found(metrics=METRICS, log=LOG, tests=None):
    return training_findings(metrics, log, tests or {}, {"size": "tiny", "save_every_s": 300.0})


def test_it_tells_the_samples_the_epochs_and_the_best_score():
    assert found(tests={"test": SCORES}).tiles == (
        ("train samples", "288"),
        ("total parameters", "901,164"),
        ("epochs", "1"),
        ("steps", "4"),
        ("best CER, validation", "50.0%"),
        ("CER, test", "25.0%"),
    )


def test_a_score_stands_beside_the_untrained_and_the_constant_answer_with_intervals():
    (title, _, rows), *_ = found(tests={"test": SCORES}).tables
    assert title == "Tests"
    assert [(row[1], row[3], row[4]) for row in rows] == [
        ("this lipreader", "25.0%", "15.0% to 35.0%"),
        ("the same network, untrained", "95.0%", "85.0% to 105.0%"),
        ("always “bin blue”", "55.0%", "45.0% to 65.0%"),
        ("it was trained on 4 of these clips", "", ""),
    ]


def test_the_page_has_curves_warnings_worst_clips_and_settings_and_no_sections_of_a_map_run():
    text = page(Findings(SPEC, True, [], [], [], training=found(tests={"test": SCORES})))
    assert text.count("<polyline") == 3
    assert "s1/&lt;b&gt; is left out: its record is damaged" in text
    assert "bin red" in text and "5m 00s" in text
    assert "Throughput" not in text and "<script" not in text


def test_curves_are_lines_each_of_which_has_a_colour_and_no_area():
    text = page(Findings(SPEC, True, [], [], [], training=found()))
    for used in re.findall(r'<(?:polyline|line|i) class="([^"]+)"', text):
        assert all(f".{name} {{" in text for name in used.split()), f"{used} has no style"
    assert "svg .line { fill: none; stroke: var(--mark)" in text
    for name in set(re.findall(r"var\((--[a-z]+)\)", text)):
        assert text.count(f"{name}: #") == 2, f"{name} is a colour by day and by night"


def test_before_its_end_it_says_that_curves_are_to_come():
    text = page(Findings(SPEC, False, [], [], [], training=found(b"", b"")))
    assert "Curves are drawn when the training has ended." in text and "<polyline" not in text
