"""How much memory, how many indexes and pods."""

import pytest

from orchestrator.kube.policies.more_memory import is_starved, more_memory
from orchestrator.kube.policies.spread import Spread, max_failed_indexes, spread
from orchestrator.kube.state import JobSeen, PodSeen, TerminationMessage


@pytest.mark.parametrize(
    ("memory_mib", "max_memory_mib", "expected"),
    [(1000, 8000, 2000), (3000, 4000, 4000), (4000, 4000, None), (5000, 4000, None)],
)
def test_memory_doubles_up_to_the_cap(memory_mib, max_memory_mib, expected):
    assert more_memory(memory_mib, max_memory_mib) == expected


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


@pytest.mark.parametrize(
    ("num_shards", "parallelism", "max_indexes", "alone", "expected"),
    [
        pytest.param(4, 2, 5000, False, Spread(4, 2), id="few shards: an index each"),
        pytest.param(4, 9, 5000, False, Spread(4, 4), id="no more pods than indexes"),
        pytest.param(1000, 4, 5000, False, Spread(128, 4), id="many: several an index"),
        pytest.param(100_000, 500, 5000, False, Spread(5000, 500), id="as many indexes as are allowed"),
        pytest.param(1000, 4, 5000, True, Spread(1000, 4), id="apart from each other"),
        pytest.param(1000, 4, 10, True, Spread(10, 4), id="as far as that goes"),
    ],
)
def test_spread(num_shards, parallelism, max_indexes, alone, expected):
    assert spread(num_shards, parallelism, max_indexes, alone=alone) == expected


@pytest.mark.parametrize("numbers", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_nothing_to_spread_is_refused(numbers):
    with pytest.raises(ValueError, match="must be 1 or more"):
        spread(*numbers)


@pytest.mark.parametrize(("num_indexes", "expected"), [(1, 1), (10, 10), (60, 10), (5000, 500)])
def test_a_tenth_may_fail(num_indexes, expected):
    assert max_failed_indexes(num_indexes) == expected
