"""Scores are means over frames, and what follows the sound is told from what is only near."""

import pytest

from services.training.talker.paint_scores import PaintSums, psnr_db, scores_of


@pytest.mark.parametrize(("square", "db"), [(1.0, 0.0), (0.1, 10.0), (1e-4, 40.0), (0.0, 100.0)])
def test_noise_in_db(square, db):
    assert psnr_db(square) == pytest.approx(db)


def test_scores_are_means_and_differences():
    sums = PaintSums(2, 0.2, 60.0, 50.0, 40.0, 1, 25.0, 24.5, 24.75) + PaintSums(
        2, 0.2, 60.0, 50.0, 40.0, 1, 25.0, 24.5, 24.75
    )
    assert sums.frames == 4
    assert scores_of(sums.to_plain()) == pytest.approx(
        {"loss": 0.1, "psnr": 30.0, "mouth_psnr": 25.0, "gain_db": 5.0, "follows_db": 0.5, "same_place_db": 0.25}
    )
    assert scores_of(PaintSums().to_plain())["psnr"] == 0
