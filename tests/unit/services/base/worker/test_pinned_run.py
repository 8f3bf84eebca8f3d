"""What decides bytes must be what the run was pinned with."""

import pytest

from services.base.errors import BadConfig
from services.base.store.open import open_store
from services.base.worker.pinned_run import read_spec, require_same


@pytest.mark.parametrize(
    ("pinned", "here", "subset", "differs"),
    [
        ({"a": "1"}, {"a": "1"}, False, False),
        ({"a": "1"}, {"a": "2"}, False, True),
        ({"a": "1"}, {}, False, True),
        ({"a": "1"}, {}, True, False),
        ({}, {"a": "1"}, True, True),
    ],
)
def test_what_differs_ends_the_worker(pinned, here, subset, differs):
    if not differs:
        require_same("model", pinned, here, subset=subset)
        return
    with pytest.raises(BadConfig) as caught:
        require_same("model", pinned, here, subset=subset)
    assert caught.value.reason == "MODEL_CHANGED"


def test_a_run_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadConfig) as caught:
        read_spec(open_store(tmp_path), "r")
    assert caught.value.reason == "NO_RUN"
