"""A green suite means that every test ran: the gate of tests/plugins/suite_gate.py on suites of its own."""

import json
import re
from pathlib import Path

import pytest
import suite_gate
from suite_gate import AllowedSkip, allowed_skips, is_strict

pytest_plugins = ["pytester"]

SUITE = """
    import pytest

    def test_runs():
        pass

    def test_needs_a_cluster():
        pytest.skip("no cluster: be root")

    @pytest.mark.skipif(True, reason="no such processor")
    def test_needs_a_processor():
        pass

    @pytest.mark.xfail(reason="not yet")
    def test_not_yet():
        assert False
"""
CLUSTER = '[[skip]]\ntest = ".*::test_needs_a_cluster"\nreason = "no cluster"\nbecause = "an example"\n'


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Runs the suite above under the gate, with an allow-list: outcomes by name, the run, and the whole report."""

    def run(allowed: str = "", source: str = SUITE, *words: str, **environment: str):
        listed = pytester.path / "skips_allowed.toml"
        listed.write_text(allowed)
        report = pytester.path / "report.json"
        for name in ("CI", suite_gate.STRICT, suite_gate.BUDGET):
            monkeypatch.delenv(name, raising=False)
        for name, value in {suite_gate.REPORT: str(report), **environment}.items():
            monkeypatch.setenv(name, value)
        plugin = Path(suite_gate.__file__).parent
        pytester.makepyprojecttoml(f'[tool.pytest.ini_options]\npythonpath = ["{plugin}"]\n')
        pytester.makeconftest(
            "import pathlib, suite_gate\n"
            f"suite_gate.allowed_skips.__defaults__ = (pathlib.Path({str(listed)!r}),)\n"
            'pytest_plugins = ["suite_gate"]\n'
        )
        pytester.makepyfile(test_it=source)
        result = pytester.runpytest_subprocess(*words)
        found = json.loads(report.read_text())
        return {test.rpartition("::")[2]: outcome for test, outcome in found["outcomes"].items()}, result, found

    return run


def test_elsewhere_a_skip_is_a_skip(suite):
    outcomes, result, _ = suite()
    assert outcomes == {
        "test_runs": "passed",
        "test_needs_a_cluster": "skipped",
        "test_needs_a_processor": "skipped",
        "test_not_yet": "skipped",
    }
    assert result.ret == 0


@pytest.mark.parametrize("name", ["CI", suite_gate.STRICT])
def test_in_ci_every_skip_that_is_not_listed_fails(suite, name):
    outcomes, result, found = suite(CLUSTER, **{name: "true"})
    assert outcomes == {
        "test_runs": "passed",
        "test_needs_a_cluster": "skipped",
        "test_needs_a_processor": "failed",
        "test_not_yet": "failed",
    }
    assert result.ret == 1
    assert found["skips"] == {"test_it.py::test_needs_a_cluster": "no cluster: be root"}
    result.stdout.fnmatch_lines(["*test_needs_a_processor did not run: no such processor*"])


def test_a_listed_skip_for_another_reason_fails(suite):
    outcomes, _, _ = suite(CLUSTER.replace("no cluster", "no disk"), CI="1")
    assert outcomes["test_needs_a_cluster"] == "failed"


def test_a_module_that_skips_itself_fails_in_ci(suite):
    source = "import pytest\npytest.importorskip('no_such_module', reason='the extra is not installed')\n"
    outcomes, result, _ = suite("", source, CI="1")
    assert outcomes == {"test_it.py": "failed"}
    assert result.ret != 0


def test_a_used_up_budget_fails_in_ci(suite):
    outcomes, result, _ = suite("", "def test_late():\n    pass\n", CI="1", **{suite_gate.BUDGET: "0"})
    assert outcomes == {"test_late": "failed"}
    assert result.ret == 1


def test_several_processes_report_alike(suite):
    outcomes, result, _ = suite(CLUSTER, SUITE, "-n", "2", CI="1")
    assert (outcomes["test_needs_a_cluster"], outcomes["test_needs_a_processor"]) == ("skipped", "failed")
    assert result.ret == 1


@pytest.mark.parametrize(
    ("environment", "strict"),
    [
        ({}, False),
        ({"CI": "true"}, True),
        ({"CI": "false"}, False),
        ({"CI": ""}, False),
        ({suite_gate.STRICT: "1"}, True),
    ],
)
def test_what_is_strict(environment, strict):
    assert is_strict(environment) is strict


def test_an_allowed_skip_says_because_of_what():
    with pytest.raises(ValueError, match="because of what"):
        AllowedSkip("x", "y", "")


def test_the_committed_list_can_be_read_and_covers_no_whole_suite():
    for skip in allowed_skips():
        re.compile(skip.reason)
        assert not re.fullmatch(skip.test, "tests/unit/ci/test_suite_gate.py::test_what_is_strict"), skip
