"""How a set of TFRecords is opened."""

from __future__ import annotations

from typing import Any

import pytest

from services.training.data.records.opening import RecordsSettings


@pytest.mark.parametrize("wrong", [{"max_failures": -1}, {"cache_mib": -1}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RecordsSettings("state", **wrong)
