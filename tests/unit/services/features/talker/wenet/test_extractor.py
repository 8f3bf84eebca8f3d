"""Windows of the filterbank go through the encoder one by one, at a distance that the rate of the pictures decides."""

from pathlib import Path

import numpy as np
import pytest
from wenet_file import write_encoder

from services.base.errors import BadConfig
from services.features.speech.filterbank import Filterbank
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.wenet import extractor
from services.features.talker.wenet.extractor import num_windows, open_wenet


def _config(folder: Path) -> AudioFeaturesConfig:
    return AudioFeaturesConfig(model="wenet", weights=write_encoder(folder), batch_size=7)


def _sound(num_samples: int) -> np.ndarray:
    return np.random.default_rng(6).normal(0, 2_000, num_samples).astype(np.int16)


def _frames(samples_T: np.ndarray) -> np.ndarray:
    silent_T = np.concatenate([np.zeros(32 * 160), samples_T, np.zeros(35 * 160)])
    return Filterbank().log_bins((silent_T / 32_768).astype(np.float32))


@pytest.mark.parametrize(("fps", "hop", "num_rows"), [(25.0, 4, 51), (20.0, 5, 41)])
@pytest.mark.parametrize("piece", [2_000, 70])
def test_a_row_hears_its_window_and_there_is_one_for_every_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fps: float, hop: int, num_rows: int, piece: int
) -> None:
    monkeypatch.setattr(extractor, "_PIECE_FRAMES", piece)
    rows = open_wenet(_config(tmp_path))(_sound(32_000), fps, "one")
    assert (rows.vectors_TX.shape, rows.facts) == ((num_rows, 16, 512), {"hop": hop})
    frames_TB = _frames(_sound(32_000))
    for row in (0, 7, 30):
        np.testing.assert_allclose(
            rows.vectors_TX[row, :, :80] - 100, frames_TB[row * hop : row * hop + 16], rtol=0, atol=2e-5
        )
    assert (rows.vectors_TX[:, :, 80:] == 100).all(), "the offset is 100 and the caches are zeros"


@pytest.mark.parametrize(("num_frames", "hop", "windows"), [(10, 4, 1), (67, 4, 1), (68, 4, 2), (71, 4, 2), (72, 4, 3)])
def test_windows_go_on_until_one_reaches_the_end(num_frames: int, hop: int, windows: int) -> None:
    assert num_windows(num_frames, hop) == windows


def test_one_frame_of_sound_is_filled_up(tmp_path: Path) -> None:
    assert open_wenet(_config(tmp_path))(_sound(640), 25.0, "one").vectors_TX.shape == (2, 16, 512)


@pytest.mark.parametrize("fps", [30.0, 23.976])
def test_pictures_that_do_not_divide_the_frames_are_refused(tmp_path: Path, fps: float) -> None:
    with pytest.raises(BadConfig, match="take --fps 25 or 20"):
        open_wenet(_config(tmp_path))(_sound(3_200), fps, "one")
