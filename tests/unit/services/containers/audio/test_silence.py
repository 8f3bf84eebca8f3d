"""Windows of 10 ms are counted, whatever pieces the sound comes in."""

import numpy as np
import pytest

from services.containers.audio.silence import SilenceMeter


@pytest.mark.parametrize("piece", [100, 160, 16_000])
def test_windows_of_10_ms_below_60_db_are_silent(piece: int) -> None:
    samples_T = np.full(16_000, 0.1, np.float32)
    samples_T[4_000:8_000] = 0.0
    samples_T[8_000:9_600] = 0.0009
    samples_T[9_600:11_200] = 0.0011
    meter = SilenceMeter(16_000)
    for first in range(0, len(samples_T), piece):
        meter.push(samples_T[first : first + piece])
    assert meter.share == pytest.approx(0.35)


def test_of_less_than_a_window_nothing_is_known() -> None:
    meter = SilenceMeter(16_000)
    meter.push(np.zeros(159, np.float32))
    assert meter.share == 0.0
