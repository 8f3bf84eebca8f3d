"""What CI prints of its suites, and what a second try is worth."""

import sys
import time
from pathlib import Path

import pytest
from run_ci import TABLE, WITH_IMAGES, Outcome, Suite, beside, combine, suites_of, table

ROOT = Path(__file__).resolve().parents[3]
SUITE = Suite("end to end", "e2e", 10)


def test_the_committed_table_names_make_targets_and_leaves_room():
    suites = suites_of(TABLE.read_text("utf-8"))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert [suite.target for suite in suites] == ["test", "e2e", "e2e-cluster"]
    for suite in suites:
        assert f"\n{suite.target}:" in makefile
    assert sum(suite.minutes for suite in suites) <= 50


def test_a_table_without_rows_is_refused():
    with pytest.raises(ValueError, match="CI would run nothing"):
        suites_of("# Contributing\n")


@pytest.mark.parametrize(
    ("first", "second", "last", "flaky"),
    [
        ({"a": "passed"}, {}, {"a": "passed"}, ()),
        ({"a": "failed", "b": "passed"}, {"a": "passed"}, {"a": "passed", "b": "passed"}, ("a",)),
        ({"a": "failed"}, {"a": "failed"}, {"a": "failed"}, ()),
        ({"a": "failed"}, {"a": "skipped"}, {"a": "skipped"}, ()),
    ],
)
def test_a_pass_at_the_second_try_is_flaky(first, second, last, flaky):
    assert combine(first, second) == (last, flaky)


def test_the_end_names_what_was_flaky_failed_and_skipped():
    outcome = Outcome(SUITE, 660, 7, {"t::s": "no such disk"}, ("t::broken",), ("t::shaky",))
    text = table([outcome])
    assert not outcome.green
    assert "FLAKY t::shaky (failed, then passed by itself)" in text
    assert "FAILED t::broken" in text
    assert "skipped, as listed: t::s: no such disk" in text
    assert text.splitlines()[-1] == "7 passed, 1 failed, 1 skipped"
    assert text.splitlines()[2].split()[-2:] == ["11.0", "10"]


@pytest.mark.parametrize(("target", "minutes"), [("e2e cluster", 1), ("e2e", 0)])
def test_a_suite_that_cannot_be_run_cannot_be_made(target, minutes):
    with pytest.raises(ValueError, match="a suite has a make target"):
        Suite("x", target, minutes)


@pytest.mark.parametrize(
    ("targets", "runs"), [(("e2e", WITH_IMAGES), True), ((WITH_IMAGES,), False), (("e2e",), False)]
)
def test_images_are_built_beside_the_suites_before_the_one_that_needs_them(tmp_path, targets, runs):
    program = f"import pathlib, time; pathlib.Path({str(tmp_path / 'begun')!r}).touch(); time.sleep(600)"
    with beside([sys.executable, "-c", program], [Suite("x", target, 1) for target in targets]):
        until_s = time.monotonic() + 60
        while runs and not (tmp_path / "begun").exists():
            assert time.monotonic() < until_s
            time.sleep(0.01)
    assert (tmp_path / "begun").exists() == runs
