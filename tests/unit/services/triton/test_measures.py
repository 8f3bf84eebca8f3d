"""What is measured of requests to a model server is told by every stage that may send some."""

import pytest

from services.__main__ import spec_of
from services.triton.measures import BATCH_ITEMS, IN_FLIGHT, REQUEST_SECONDS


@pytest.mark.parametrize("stage", ["features", "lipreading", "speech"])
def test_stages_that_may_ask_a_server_tell_of_their_requests(stage: str) -> None:
    assert {BATCH_ITEMS, IN_FLIGHT, REQUEST_SECONDS} <= set(spec_of(stage).metrics)
