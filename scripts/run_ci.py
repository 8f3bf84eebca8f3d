"""All of CI: each suite of CONTRIBUTING.md's table, what failed once more by itself, and what it took of its minutes.

Green means that every test ran and passed: tests/plugins/suite_gate.py turns a skip that is not listed, and a test
that had no time left to begin, into failures. A test that passes at its second try is printed at the end as FLAKY.

    python scripts/run_ci.py [SUITE...]     without names: all of them

Images of the suite on Kubernetes are built beside the suites before it, of what these leave of the cores.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "CONTRIBUTING.md"
# No test begins after this: whoever runs CI may cut it off at 90 minutes, and would then print nothing.
LIMIT_S = 80 * 60.0
# More failures than this are no flakes, and to run them again takes the other suites' time.
MOST_RETRIED = 20
LEAST_RETRY_S = 120.0
WITH_IMAGES = "e2e-cluster"
# At the lowest priority: what takes tests their cores makes them late.
IMAGES = ("nice", "-n", "19", sys.executable, str(ROOT / "scripts" / "build_images.py"))


@dataclass(frozen=True)
class Suite:
    """A row of the table. target: of make. minutes: what it should take on two free cores."""

    name: str
    target: str
    minutes: float

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9-]+", self.target) or not self.minutes > 0:
            raise ValueError(f"{self}: a suite has a make target and minutes over 0")


@dataclass(frozen=True)
class Outcome:
    """How a suite ended. failed: node ids that failed at their last try; flaky: those that passed at the second."""

    suite: Suite
    seconds: float
    passed: int = 0
    skipped: Mapping[str, str] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()

    @property
    def green(self) -> bool:
        return not self.failed


def suites_of(text: str) -> tuple[Suite, ...]:
    """The rows `| name | `make TARGET` | MINUTES |` of the table. Raises ValueError where there is none."""
    rows = re.findall(r"^\| ([^|]+?) \| `make ([a-z0-9-]+)` \| ([\d.]+) \|", text, re.MULTILINE)
    if not rows:
        raise ValueError(f"{TABLE.name} holds no row `| suite | `make TARGET` | MINUTES |`: CI would run nothing")
    return tuple(Suite(name, target, float(minutes)) for name, target, minutes in rows)


def combine(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Outcomes of two tries by node id -> the last outcome of each, and which passed only at the second try."""
    last = {**first, **second}
    flaky = tuple(sorted(test for test in second if first.get(test) == "failed" and second[test] == "passed"))
    return last, flaky


def table(outcomes: Sequence[Outcome]) -> str:
    """What is printed at the end."""
    lines = ["", f"{'suite':<34}{'passed':>8}{'failed':>8}{'flaky':>7}{'skipped':>9}{'minutes':>9}{'budget':>8}"]
    for one in outcomes:
        lines.append(
            f"{one.suite.name:<34}{one.passed:>8}{len(one.failed):>8}{len(one.flaky):>7}{len(one.skipped):>9}"
            f"{one.seconds / 60:>9.1f}{one.suite.minutes:>8g}"
        )
    total_min, budget_min = sum(one.seconds for one in outcomes) / 60, sum(one.suite.minutes for one in outcomes)
    lines.append(f"{'all':<66}{total_min:>9.1f}{budget_min:>8g}")
    for one in outcomes:
        lines += [f"skipped, as listed: {test}: {reason}" for test, reason in sorted(one.skipped.items())]
        lines += [f"FLAKY {test} (failed, then passed by itself)" for test in one.flaky]
        lines += [f"FAILED {test}" for test in one.failed]
    num_passed, num_failed = sum(one.passed for one in outcomes), sum(len(one.failed) for one in outcomes)
    lines += ["", f"{num_passed} passed, {num_failed} failed, {sum(len(one.skipped) for one in outcomes)} skipped"]
    return "\n".join(lines)


class Runner:
    """Runs suites one after the other. folder: for the outcomes that pytest writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._began_s = time.monotonic()
        self._num_runs = 0

    def run(self, suite: Suite) -> Outcome:
        began_s = time.monotonic()
        code, outcomes, skips = self._try(["make", suite.target])
        flaky: tuple[str, ...] = ()
        failed = [test for test, outcome in outcomes.items() if outcome == "failed"]
        if code and 0 < len(failed) <= MOST_RETRIED and self._left_s() > LEAST_RETRY_S:
            _say(f"== once more, by themselves: {len(failed)} that failed in make {suite.target}")
            _, second, more = self._try([str(ROOT / ".venv" / "bin" / "pytest"), *failed])
            outcomes, flaky = combine(outcomes, second)
            skips |= more
            if "failed" not in outcomes.values():
                # What is no test, and ran beside them, has an outcome of its own.
                code = subprocess.run(["make", f"{suite.target}-static"], cwd=ROOT, check=False).returncode
        failed = sorted(test for test, outcome in outcomes.items() if outcome == "failed")
        if code and not failed:
            failed = [f"make {suite.target}: exit {code}"]
        if not outcomes:
            failed = failed or [f"make {suite.target}: no test ran"]
        num_passed = sum(outcome == "passed" for outcome in outcomes.values())
        return Outcome(suite, time.monotonic() - began_s, num_passed, skips, tuple(failed), flaky)

    def _try(self, argv: list[str]) -> tuple[int, dict[str, str], dict[str, str]]:
        self._num_runs += 1
        report = self._folder / f"{self._num_runs}.json"
        budget = {"VISEMILL_TEST_REPORT": str(report), "VISEMILL_TEST_BUDGET_S": f"{max(1.0, self._left_s()):.0f}"}
        code = subprocess.run(argv, cwd=ROOT, env={**os.environ, **budget}, check=False).returncode
        found = json.loads(report.read_text("utf-8")) if report.exists() else {}
        return code, found.get("outcomes", {}), found.get("skips", {})

    def _left_s(self) -> float:
        return LIMIT_S - (time.monotonic() - self._began_s)


@contextlib.contextmanager
def beside(argv: Sequence[str], suites: Sequence[Suite]) -> Iterator[None]:
    """The command runs meanwhile, where the last of the suites needs images and others come before it; then it is
    ended. The suite builds what is missing, and says why it cannot.
    """
    if len(suites) < 2 or suites[-1].target != WITH_IMAGES:
        yield
        return
    process = subprocess.Popen(
        argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def main(names: Sequence[str]) -> int:
    """The exit code: 0 where every suite is green."""
    os.environ.setdefault("CI", "true")
    known = suites_of(TABLE.read_text("utf-8"))
    unknown = set(names) - {suite.target for suite in known}
    if unknown:
        _say(f"no suite {', '.join(sorted(unknown))}; there are {', '.join(suite.target for suite in known)}")
        return 64
    asked = [suite for suite in known if not names or suite.target in names]
    outcomes = []
    with tempfile.TemporaryDirectory() as folder, beside(IMAGES, asked):
        runner = Runner(Path(folder))
        for suite in asked:
            _say(f"== {suite.name}: make {suite.target} (budget {suite.minutes:g} minutes)")
            outcomes.append(runner.run(suite))
    _say(table(outcomes))
    return 0 if all(outcome.green for outcome in outcomes) else 1


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
