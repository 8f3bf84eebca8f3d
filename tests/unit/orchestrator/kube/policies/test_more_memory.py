"""How much memory pods get that ran out of it, and when."""

import pytest

from orchestrator.kube.policies.more_memory import is_starved, memory_of_next, more_memory
from orchestrator.kube.state import JobSeen, PodSeen, TerminationMessage


@pytest.mark.parametrize(
    ("memory_mib", "max_memory_mib", "expected"),
    [(1000, 8000, 2000), (3000, 4000, 4000), (4000, 4000, None), (5000, 4000, None)],
)
def test_memory_doubles_up_to_the_cap(memory_mib, max_memory_mib, expected):
    assert more_memory(memory_mib, max_memory_mib) == expected


@pytest.mark.parametrize(
    ("of_job", "ran_out", "first_mib", "expected"),
    [
        pytest.param(1000, False, 1000, 1000, id="nothing was short"),
        pytest.param(1000, True, 1000, 2000, id="twice as much"),
        pytest.param(3000, True, 1000, 4000, id="the most there may be"),
        pytest.param(4000, True, 1000, 4000, id="and no more than that"),
        pytest.param(2000, False, 1000, 2000, id="what was raised stays"),
        pytest.param(1000, False, 3000, 3000, id="a user has raised it"),
        pytest.param(0, True, 1000, 2000, id="a Job that does not tell"),
    ],
)
def test_the_next_generation_of_a_gang_has_enough(of_job, ran_out, first_mib, expected):
    job = JobSeen("j", 1, "failed", "", 2, 2, of_job)
    assert memory_of_next(job, ran_out, first_mib, 4000) == expected


def short(*indexes):
    return [PodSeen(f"s-{i}", 2, i, "Failed", exit_code=137, trouble="OOMKilled") for i in indexes]


def other(*indexes, phase="Running"):
    return [PodSeen(f"o-{i}", 2, i, phase) for i in indexes]


@pytest.mark.parametrize(
    ("pods", "fields", "starved"),
    [
        pytest.param(short(0, 1), {}, True, id="all that have begun"),
        pytest.param(short(0, 1) + other(0, 1, 2), {}, True, id="most, which are tried again"),
        pytest.param(short(0, 1) + other(2, 3), {}, False, id="no more than half"),
        pytest.param(short(0, 1) + other(2, 3, phase="Pending"), {}, True, id="those that have not begun say nothing"),
        pytest.param(short(0, 1), {"completed": (2, 3)}, False, id="as many have succeeded"),
        pytest.param(short(0), {}, False, id="one pod may be an accident"),
        pytest.param(short(0, 0) + other(1, 2), {}, False, id="nor is one index most of them"),
        pytest.param(short(5, 5), {"completed": range(5)}, True, id="but it may be all that is left"),
        pytest.param(short(5, 5), {"failed": range(4), "completed": (4,)}, True, id="what has failed is not left"),
        pytest.param(short(0, 1), {"phase": "suspended"}, False, id="a suspended Job may wait"),
        pytest.param(short(0, 1), {"phase": "ending"}, False, id="one that ends is judged when it has"),
        pytest.param(short(0, 1), {"generation": 3}, False, id="pods of an older Job"),
        pytest.param(
            [
                PodSeen("w", 2, i, "Failed", termination_message=TerminationMessage("TRANSIENT", "MEMORY_RAN_OUT", ""))
                for i in (0, 1)
            ],
            {},
            True,
            id="as their workers tell",
        ),
    ],
)
def test_when_more_memory_is_due_at_once(pods, fields, starved):
    completed, failed = (frozenset(fields.get(name, ())) for name in ("completed", "failed"))
    phase, generation = fields.get("phase", "active"), fields.get("generation", 2)
    assert is_starved(JobSeen("j", generation, phase, "0-9", 6, 4, 1000, completed, failed), pods) == starved
