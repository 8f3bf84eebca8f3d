"""Bytes of a caller become samples at 16 kHz, whatever their pieces; what is too long or broken is refused."""

import numpy as np
import pytest

from services.base.errors import BadInput
from services.talker.live.pcm import PcmSound

SAMPLES = np.random.default_rng(0).normal(0, 5_000, 20_000).astype("<i2")


def in_pieces(data: bytes, size: int) -> list[bytes]:
    return [data[first : first + size] for first in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 3, 1_000, 39_999, 40_000])
def test_samples_are_those_that_come_though_pieces_cut_them(size: int) -> None:
    sound = PcmSound(in_pieces(SAMPLES.tobytes(), size), 16_000, 60)
    pieces = list(sound)
    np.testing.assert_array_equal(np.concatenate(pieces), SAMPLES)
    assert pieces[0].dtype == np.int16 and max(map(len, pieces)) <= 16_000 and sound.num_samples == 20_000


@pytest.mark.parametrize(("rate_hz", "num_samples"), [(8_000, 40_000), (48_000, 6_667), (44_100, 7_256)])
def test_another_rate_is_made_16_khz_the_same_in_any_pieces(rate_hz: int, num_samples: int) -> None:
    made = [np.concatenate(list(PcmSound(in_pieces(SAMPLES.tobytes(), size), rate_hz, 60))) for size in (500, 1 << 20)]
    np.testing.assert_array_equal(*made)
    assert len(made[0]) == num_samples


@pytest.mark.parametrize(
    ("pieces", "rate_hz", "most_s", "reason"),
    [
        ([], 16_000, 60, "NO_SAMPLES"),
        ([b"", b""], 16_000, 60, "NO_SAMPLES"),
        ([b"abc"], 16_000, 60, "BAD_MESSAGE"),
        ([b"ab"] * 17_000, 16_000, 1, "TOO_LONG"),
        ([b"ab"] * 17_000, 8_000, 2, "TOO_LONG"),
        ([b"ab"], 5, 60, "BAD_SETTING"),
    ],
)
def test_what_cannot_be_is_refused(pieces: list[bytes], rate_hz: int, most_s: float, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        list(PcmSound(pieces, rate_hz, most_s))
