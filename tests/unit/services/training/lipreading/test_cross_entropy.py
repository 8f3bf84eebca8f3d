"""The loss of characters is a sum that adds up over micro-batches, and sees no padding."""

import math

import pytest

torch = pytest.importorskip("torch")

from services.training.lipreading.cross_entropy import cross_entropy_sum  # noqa: E402

LOGITS_BLV = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(1))
TARGETS_BL = torch.tensor([[1, 2, 3], [4, 0, 0]])


def test_the_sum_of_both_clips_is_that_of_the_batch() -> None:
    whole = cross_entropy_sum(LOGITS_BLV, TARGETS_BL, smoothing=0.1, pad=0)
    parts = [cross_entropy_sum(LOGITS_BLV[b : b + 1], TARGETS_BL[b : b + 1], smoothing=0.1, pad=0) for b in range(2)]
    assert whole.count == 4 == sum(part.count for part in parts)
    assert whole.total.item() == pytest.approx(sum(part.total.item() for part in parts), rel=1e-6)


def test_smoothing_spreads_a_share_over_all_classes() -> None:
    log_V = LOGITS_BLV[1, 0].log_softmax(-1)
    found = cross_entropy_sum(LOGITS_BLV[1:, :1], TARGETS_BL[1:, :1], smoothing=0.1, pad=0)
    assert found.total.item() == pytest.approx((-0.9 * log_V[4] - 0.1 * log_V.mean()).item(), rel=1e-5)


@pytest.mark.parametrize(("targets", "count"), [(TARGETS_BL, 1), (torch.zeros_like(TARGETS_BL), 0)])
def test_by_batch_a_micro_batch_counts_once_whatever_it_holds(targets: torch.Tensor, count: int) -> None:
    found = cross_entropy_sum(LOGITS_BLV, targets, smoothing=0.0, pad=0, norm="batch")
    assert found.count == count
    by_token = cross_entropy_sum(LOGITS_BLV, targets, smoothing=0.0, pad=0)
    assert found.total.item() == pytest.approx(by_token.total.item() / max(1, by_token.count), rel=1e-6)
    assert math.isfinite(found.total.item())
