"""When `status --watch` of a run on a cluster ends, as a table; and that it follows a run from one Job to the next."""

import argparse
from types import SimpleNamespace

import pytest

from orchestrator.cli import cluster
from orchestrator.kube.policies.seen import Seen
from orchestrator.kube.policies.watch_end import watch_end
from orchestrator.kube.state import JobSeen, PodSeen, TerminationMessage

ALL = (0, 1, 2, 3)


def job(phase, generation=1, **fields):
    return JobSeen(f"j-{generation}", generation, phase, "0-3", 2, 2, 1000, **fields)


def pod(exit_code, index, **fields):
    return PodSeen(f"p-{index}", 1, index, "Failed", "node", exit_code, **fields)


def seen(*jobs, done=(), **fields):
    return Seen(frozenset(done), jobs, (ALL,) * len(jobs), **fields)


OUT_OF_MEMORY = seen(
    job("failed", failed=frozenset({0, 1})), pods=(pod(137, 0, trouble="OOMKilled"), pod(137, 1, trouble="OOMKilled"))
)
BAD_CONFIG = seen(
    job("failed", failed=frozenset({0}), reason="PodFailurePolicy"),
    pods=(pod(78, 0, termination_message=TerminationMessage("BAD_CONFIG", "MODEL_CHANGED", "m")),),
)


@pytest.mark.parametrize(
    ("observed", "finished", "idle_s", "says"),
    [
        pytest.param(seen(job("active")), False, 0, "", id="at work"),
        pytest.param(seen(job("suspended")), False, 9999, "", id="suspended"),
        pytest.param(OUT_OF_MEMORY, False, 0, "", id="between two Jobs: the next has more memory"),
        pytest.param(OUT_OF_MEMORY, False, 299, "", id="a next Job takes its time"),
        pytest.param(OUT_OF_MEMORY, False, 301, "no Job for 301 s and something left to be made", id="nobody"),
        pytest.param(seen(), False, 0, "", id="before the first Job"),
        pytest.param(seen(job("complete"), done=ALL), False, 0, "", id="being published"),
        pytest.param(seen(job("complete"), done=ALL), True, 0, "the run is finished", id="published"),
        pytest.param(seen(job("complete"), done=(0,)), True, 0, "", id="published before, and made again in part"),
        pytest.param(seen(done=ALL), False, 400, "left to be published", id="nobody publishes"),
        pytest.param(BAD_CONFIG, False, 0, "the run has failed: ", id="a setting that cannot work"),
        pytest.param(seen(job("deleted")), False, 0, "the run has failed: its Job was deleted", id="cancelled"),
    ],
)
def test_following_ends_with_the_run_and_not_with_a_job(observed, finished, idle_s, says):
    ended = watch_end(observed, len(ALL), finished=finished, idle_s=idle_s)
    assert says in ended and bool(ended) == bool(says)


def test_status_follows_a_run_from_one_job_to_the_next(monkeypatch, capsys):
    second = job("complete", 2)
    looks = [
        (seen(job("active")), False),
        (OUT_OF_MEMORY, False),
        (OUT_OF_MEMORY, False),
        (seen(OUT_OF_MEMORY.jobs[0], job("active", 2), done=(0,)), False),
        (seen(OUT_OF_MEMORY.jobs[0], second, done=ALL), False),
        (seen(OUT_OF_MEMORY.jobs[0], second, done=ALL), True),
        (AssertionError("it looked again after the end"), True),
    ]

    class Scripted:
        finished = False
        look = SimpleNamespace(jobs=())

        def observe(self, *_, **__):
            observed, self.finished = looks.pop(0)
            self.look = SimpleNamespace(jobs=observed.jobs)
            return observed

        def troubles(self):
            return ()

    observer = Scripted()
    monkeypatch.setattr(cluster, "_observer", lambda flags: (observer, SimpleNamespace(num_shards=len(ALL))))
    monkeypatch.setattr(cluster, "_WATCH_EVERY_S", 0.0)
    assert cluster.watch_status(argparse.Namespace()) == "the run is finished"
    assert len(looks) == 1
    assert capsys.readouterr().err.count("shards") == 6
