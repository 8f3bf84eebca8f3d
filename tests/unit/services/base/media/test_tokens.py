"""Ids of a text are int32."""

import numpy as np
import pytest

from services.base.media.tokens import TextIds


def test_ids_are_int32() -> None:
    with pytest.raises(ValueError, match="int32"):
        TextIds(np.zeros(3, np.int64), "text")
    assert TextIds(np.zeros(3, np.int32), "text", num_unknown=1).summary() == {
        "text": "text", "num_ids": 3, "num_unknown": 1,
    }  # fmt: skip
