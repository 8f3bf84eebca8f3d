"""Codes that a number format changes are counted, and too many of them are refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.features.tts.precision import measure
from services.features.tts.precision.measure import ChangedCodes, changed_codes


def _filterbanks() -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    return [rng.standard_normal((length, 160)).astype(np.float32) for length in (90, 40, 300, 7)]


def test_float32_changes_no_code_of_itself(tiny_model: Any) -> None:
    found = changed_codes(tiny_model.config(), _filterbanks())
    assert found == ChangedCodes("float32", 4, 437, 0)
    found.check()


@pytest.mark.parametrize("batching", ["clip", "padded"])
def test_codes_that_bfloat16_changes_are_counted(tiny_model: Any, batching: str) -> None:
    """Weights of no training make codes that lie close together, so that some of them change."""
    found = changed_codes(tiny_model.config(dtype="bfloat16", batching=batching), _filterbanks())
    assert (found.dtype, found.num_clips, found.num_codes) == ("bfloat16", 4, 437)
    assert 0 < found.num_changed < 200


def test_a_clip_without_features_in_float32_is_left_out_and_of_none_nothing_can_be_told(tiny_model: Any) -> None:
    heard: list[tuple[str, int]] = []
    too_short, sound = np.zeros((2, 160), np.float32), _filterbanks()[1]

    def how_far(dtype: str) -> Callable[[int], None]:
        return lambda num_done: heard.append((dtype, num_done))

    found = changed_codes(tiny_model.config(dtype="bfloat16", batching="padded"), [too_short, sound], how_far)
    assert (found.num_clips, found.num_codes) == (1, 40)
    assert heard[0] == ("float32", 0) and heard[-1] == ("bfloat16", 2)
    with pytest.raises(BadConfig, match="none of 1 clips has features") as refused:
        changed_codes(tiny_model.config(dtype="bfloat16"), [too_short])
    assert refused.value.reason == "NO_SAMPLE"


def test_a_clip_without_features_in_the_other_format_is_changed_throughout(
    tiny_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where float16 overflows."""
    monkeypatch.setattr(measure, "_codes", lambda config, filterbanks, how_far: dict(COMPUTED[config.dtype]))
    found = changed_codes(tiny_model.config(dtype="bfloat16"), _filterbanks())
    assert (found.num_clips, found.num_codes, found.num_changed) == (2, 7, 5)


COMPUTED = {
    "float32": {0: np.array([1, 2, 3], np.int32), 2: np.array([4, 5, 6, 7], np.int32)},
    "bfloat16": {0: np.array([1, 9, 3], np.int32), 1: np.array([8], np.int32)},
}


@pytest.mark.parametrize(("num_changed", "is_refused"), [(0, False), (10, False), (11, True)])
def test_more_than_one_in_a_hundred_is_too_much(num_changed: int, is_refused: bool) -> None:
    found = ChangedCodes("bfloat16", 5, 1000, num_changed)
    if not is_refused:
        found.check()
        return
    with pytest.raises(BadConfig, match=r"bfloat16 changes 11 of 1000 codes \(1.10%\).*--dtype float32") as refused:
        found.check()
    assert refused.value.reason == "DTYPE_INEXACT"


def test_no_code_is_no_change() -> None:
    assert ChangedCodes("bfloat16", 0, 0, 0).share == 0.0
