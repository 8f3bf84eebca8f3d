"""Scores are means over frames, and what follows the sound is told from what is only near."""

import pytest

from services.training.talker.paint_scores import Fit, Nearness, PaintSums, Spoken, psnr_db, scores_of


@pytest.mark.parametrize(("square", "db"), [(1.0, 0.0), (0.1, 10.0), (1e-4, 40.0), (0.0, 100.0)])
def test_noise_in_db(square: float, db: float) -> None:
    assert psnr_db(square) == pytest.approx(db)


def sums(**fits: Fit) -> PaintSums:
    near = {
        "own": Nearness(60.0, 50.0, 1.8),
        "other": Nearness(60.0, 49.0, 1.8),
        "random": Nearness(60.0, 40.0, 1.0),
        "nearest": Nearness(60.0, 46.0, 1.0),
        "mean": Nearness(60.0, 44.0, 1.0),
    }
    return PaintSums(2, 0.2, near, {**PaintSums().fit, **fits}, Spoken(1, 25.0, 24.5, 24.75))


def test_scores_are_means_and_differences() -> None:
    total = sums() + sums()
    assert total.frames == 4
    assert scores_of(total.to_plain()) == pytest.approx(
        {"loss": 0.1, "psnr": 30.0, "ssim": 0.9, "mouth_psnr": 25.0, "gain_db": 5.0, "nearest_gain_db": 2.0,
         "mean_gain_db": 3.0, "follows_db": 0.5, "same_place_db": 0.25}
    )  # fmt: skip
    assert scores_of(PaintSums().to_plain())["psnr"] == 0


def test_a_syncnet_says_for_how_many_clips_the_offset_is_found() -> None:
    total = sums(own=Fit(1, 1, 0.4)) + sums(own=Fit(1, 0, 0.2))
    found = scores_of(total.to_plain())
    assert (found["sync_error"], found["sync_confidence"]) == pytest.approx((0.5, 0.3))
    assert set(total.to_plain()) == set(PaintSums().to_plain())
