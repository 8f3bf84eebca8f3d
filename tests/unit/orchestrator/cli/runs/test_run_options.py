"""Limits of `visemill run`, as people write them."""

import pytest

from orchestrator.cli.runs.run_options import failure_limit
from services.base.errors import BadConfig


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("12", 12), ("5%", 50), ("0.5%", 5), ("100%", None), ("150%", None)]
)
def test_limits_on_failures(text, expected):
    assert failure_limit(text, 1000) == expected


@pytest.mark.parametrize("text", ["", "-1", "many", "nan", "inf", "%"])
def test_limits_that_are_none(text):
    with pytest.raises(BadConfig, match="such as"):
        failure_limit(text, 1000)
