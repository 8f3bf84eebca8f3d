"""What is given to the network that paints, and how far its faces are from the pictures."""

import pytest

torch = pytest.importorskip("torch")

from services.training.talker.painting import (  # noqa: E402
    MASKS,
    mouth_weights,
    pictures_of,
    squared_errors,
    ssim,
    temporal_l1,
    weighted_l1,
)

MOUTHS = torch.tensor([[40, 100, 80, 120]])


@pytest.mark.parametrize("size", [320, 160])
def test_the_input_is_a_reference_and_a_face_whose_inside_is_black(size: int) -> None:
    faces = torch.full((1, size, size, 3), 255, dtype=torch.uint8)
    pictures, target = pictures_of(torch.zeros_like(faces), faces)
    assert pictures.shape == (1, 6, size, size) and float(target.min()) == 1
    assert float(pictures[:, :3].max()) == 0
    mask = MASKS[size]
    masked = pictures[0, 3:]
    assert float(masked[:, mask.top : mask.bottom, mask.left : mask.right].max()) == 0
    assert int((masked[0] == 1).sum()) == size * size - (mask.bottom - mask.top) * (mask.right - mask.left)


def test_differences_in_the_mouth_weigh_more() -> None:
    weights = mouth_weights(MOUTHS, 160, 4.0)
    assert (
        int((weights == 4).sum()) == 40 * 20
        and float(weights[0, 0, 100, 40]) == 4
        and float(weights[0, 0, 99, 40]) == 1
    )
    target, made = torch.zeros(1, 3, 160, 160), torch.zeros(1, 3, 160, 160)
    made[:, :, 110, 60] = 1
    within = float(weighted_l1(made, target, weights))
    elsewhere = torch.zeros(1, 3, 160, 160)
    elsewhere[:, :, 10, 60] = 1
    assert within == pytest.approx(4 * float(weighted_l1(elsewhere, target, weights)))


def test_errors_of_the_mouth_are_its_own() -> None:
    made, target = torch.zeros(1, 3, 160, 160), torch.zeros(1, 3, 160, 160)
    made[:, :, 100:120, 40:80] = 0.5
    whole, mouth = squared_errors(made, target, MOUTHS)
    assert float(mouth) == pytest.approx(0.25) and float(whole) == pytest.approx(0.25 * 800 / 25600)
    assert float(squared_errors(made, target, torch.zeros(1, 4, dtype=torch.int64))[1]) == 0


def test_structural_similarity_is_that_of_the_formula_and_1_of_the_same_picture() -> None:
    """By plain sums over each window of 11 x 11 px."""
    torch.manual_seed(1)
    one, other = torch.rand(1, 3, 12, 13), torch.rand(1, 3, 12, 13)
    along = torch.arange(11) - 5
    window = torch.exp(-(along[:, None] ** 2 + along[None] ** 2) / (2 * 1.5**2))
    window = window / window.sum()
    values = []
    for channel in range(3):
        for top in range(2):
            for left in range(3):
                x, y = (p[0, channel, top : top + 11, left : left + 11] for p in (one, other))
                mx, my = (window * x).sum(), (window * y).sum()
                vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
                cov = (window * (x - mx) * (y - my)).sum()
                values.append((2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4)))
    assert float(ssim(one, other)) == pytest.approx(float(torch.stack(values).mean()), abs=1e-4)
    assert float(ssim(one, one)) == pytest.approx(1)


def test_a_mouth_that_moves_as_the_real_one_does_has_no_temporal_difference() -> None:
    target = torch.rand(4, 3, 160, 160)
    mouths = MOUTHS.repeat(4, 1)
    # Another brightness in both of a pair is no movement.
    assert (
        float(temporal_l1(target + torch.tensor([0.1, 0.1, 0.3, 0.3])[:, None, None, None], target, mouths).max())
        < 1e-6
    )
    still = target.clone()
    still[1::2] = target[::2]
    expected = [(target[i + 1] - target[i]).abs()[:, 100:120, 40:80].mean().item() for i in (0, 0, 2, 2)]
    assert temporal_l1(still, target, mouths).tolist() == pytest.approx(expected)
