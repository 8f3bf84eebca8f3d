"""How many indexes and pods a Job has."""

import pytest

from orchestrator.kube.policies.spread import Spread, max_failed_indexes, spread


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
