"""What a green suite promises: every test ran, or its skip is on the committed list with a reason.

Strict where CI or VISEMILL_TEST_STRICT is set: a skip that tests/skips_allowed.toml does not list is a failure, a
module that skips itself while it is collected too, and so is a test that did not begin before VISEMILL_TEST_BUDGET_S
seconds were used up. Elsewhere such tests are skipped, with the reason.

VISEMILL_TEST_REPORT names a JSON file for the outcome of every test, which scripts/run_ci.py reads.
"""

from __future__ import annotations

import json
import os
import re
import time
import tomllib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ALLOWED = Path(__file__).resolve().parents[1] / "skips_allowed.toml"
BUDGET = "VISEMILL_TEST_BUDGET_S"
REPORT = "VISEMILL_TEST_REPORT"
STRICT = "VISEMILL_TEST_STRICT"
# A test that takes longer says in its docstring why.
LONG_TEST_S = 20.0


@dataclass(frozen=True)
class AllowedSkip:
    """One entry of the list. test and reason: regular expressions, of the whole node id and of a part of the reason."""

    test: str
    reason: str
    because: str

    def __post_init__(self) -> None:
        if not (self.test and self.reason and self.because):
            raise ValueError(f"{self}: an allowed skip names its test, the reason it gives, and because of what")

    def covers(self, test: str, reason: str) -> bool:
        return bool(re.fullmatch(self.test, test) and re.search(self.reason, reason))


def allowed_skips(path: Path = ALLOWED) -> tuple[AllowedSkip, ...]:
    """Raises ValueError for an entry that lacks a field."""
    entries = tomllib.loads(path.read_text("utf-8")).get("skip", [])
    return tuple(AllowedSkip(entry["test"], entry["reason"], entry.get("because", "")) for entry in entries)


def is_strict(environment: Mapping[str, str]) -> bool:
    """Whether a test that did not run fails the suite."""
    return any(environment.get(name, "").lower() not in ("", "0", "false") for name in ("CI", STRICT))


class SuiteGate:
    """The hooks. budget_s: seconds from the session's start after which no test begins."""

    def __init__(self, allowed: tuple[AllowedSkip, ...], *, strict: bool, budget_s: float) -> None:
        self._allowed = allowed
        self._strict = strict
        self._budget_s = budget_s
        self._began_s = time.monotonic()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if time.monotonic() - self._began_s > self._budget_s:
            pytest.skip(f"{BUDGET}={self._budget_s:g} seconds are used up: run {item.nodeid} by itself")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.skipped:
            self._refuse(report, item.nodeid)
        if report.when == "call":
            report.user_properties.append(("documented", bool(getattr(item.obj, "__doc__", None))))
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.outcome == "skipped":
            self._refuse(report, collector.nodeid)
        return report

    def _refuse(self, report: Any, nodeid: str) -> None:
        reason = skip_reason(report)
        if self._strict and not any(skip.covers(nodeid, reason) for skip in self._allowed):
            report.outcome = "failed"
            report.longrepr = (
                f"{nodeid} did not run: {reason}\nA test that did not run is not green. Make it run here, or list the "
                f"skip in tests/{ALLOWED.name} with what it is because of."
            )


def skip_reason(report: Any) -> str:
    """What the test gave as the reason of its skip, or of its expected failure."""
    if hasattr(report, "wasxfail"):
        return f"expected to fail: {report.wasxfail}"
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(report.longrepr)


class OutcomeLog:
    """The outcome of every test, in the process that sees them all, as one JSON file at the end."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._outcomes: dict[str, str] = {}
        self._skips: dict[str, str] = {}
        self._long: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        worst = {"passed": 0, "skipped": 1, "failed": 2}
        before = self._outcomes.get(report.nodeid, "passed")
        self._outcomes[report.nodeid] = max(before, report.outcome, key=worst.__getitem__)
        if report.skipped:
            self._skips[report.nodeid] = skip_reason(report)
        if report.when == "call" and report.duration > LONG_TEST_S and not dict(report.user_properties)["documented"]:
            self._long[report.nodeid] = round(report.duration, 1)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._outcomes[report.nodeid] = "failed"
        elif report.skipped:
            self._outcomes[report.nodeid] = "skipped"
            self._skips[report.nodeid] = skip_reason(report)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for test, seconds in sorted(self._long.items()):
            terminalreporter.write_line(f"over {LONG_TEST_S:g} s without a docstring that says why: {test} {seconds} s")

    def pytest_sessionfinish(self) -> None:
        if self._path:
            answer = {"outcomes": self._outcomes, "skips": self._skips, "long": self._long}
            Path(self._path).write_text(json.dumps(answer, indent=1), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    gate = SuiteGate(allowed_skips(), strict=is_strict(os.environ), budget_s=float(os.environ.get(BUDGET) or "inf"))
    config.pluginmanager.register(gate, "visemill-suite-gate")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(OutcomeLog(os.environ.get(REPORT, "")), "visemill-outcome-log")
