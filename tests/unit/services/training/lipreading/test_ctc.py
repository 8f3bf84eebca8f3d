import itertools
import math

import pytest

torch = pytest.importorskip("torch")

from services.training.lipreading.ctc import ctc_loss_sum  # noqa: E402

BLANK = 2


def summed_over_paths(log_probs: list[list[float]], ids: list[int]) -> float:
    """-ln of the probability of every path that spells ids."""
    total = 0.0
    for path in itertools.product(range(BLANK + 1), repeat=len(log_probs)):
        spelled = [one for one, _ in itertools.groupby(path) if one != BLANK]
        if spelled == ids:
            total += math.exp(sum(log_probs[step][one] for step, one in enumerate(path)))
    return -math.log(total)


def batch(*clips: tuple[int, list[int]]) -> tuple["torch.Tensor", ...]:
    steps, labels = [one for one, _ in clips], [ids for _, ids in clips]
    logits = torch.randn(len(clips), max(steps), BLANK + 1, generator=torch.Generator().manual_seed(1))
    padded = torch.tensor([ids + [9] * (3 - len(ids)) for ids in labels])
    return logits, torch.tensor(steps), padded, torch.tensor([len(ids) for ids in labels])


def test_it_is_the_sum_over_all_paths_of_each_clip_and_counts_characters() -> None:
    logits, steps, labels, lengths = batch((4, [0, 1]), (3, [0]), (4, [1, 1]))
    loss = ctc_loss_sum(logits, steps, labels, lengths, BLANK)
    log_probs = logits.log_softmax(-1).tolist()
    expected = [summed_over_paths(log_probs[0], [0, 1]), summed_over_paths(log_probs[1][:3], [0])]
    expected.append(summed_over_paths(log_probs[2], [1, 1]))
    assert loss.count == 5
    assert loss.total.item() == pytest.approx(sum(expected), rel=1e-5)


def test_clips_that_cannot_be_aligned_or_have_no_text_count_in_nothing() -> None:
    logits, steps, labels, lengths = batch((4, [0, 1]), (2, [0, 0]), (4, []))
    logits.requires_grad_()
    loss = ctc_loss_sum(logits, steps, labels, lengths, BLANK)
    alone = ctc_loss_sum(logits[:1], steps[:1], labels[:1], lengths[:1], BLANK)
    assert (loss.count, loss.total.item()) == (2, alone.total.item())
    loss.total.backward()
    assert logits.grad is not None
    assert logits.grad[1:].abs().max() == 0


def test_where_nothing_can_be_aligned_the_loss_is_zero_and_has_a_gradient_of_zeros() -> None:
    logits, steps, labels, lengths = batch((2, [0, 0]))
    logits.requires_grad_()
    loss = ctc_loss_sum(logits, steps, labels, lengths, BLANK)
    loss.total.backward()
    assert (loss.count, loss.total.item()) == (0, 0.0)
    assert logits.grad is not None
    assert logits.grad.abs().max() == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_it_is_computed_in_float32_whatever_the_logits_are(dtype: "torch.dtype") -> None:
    logits, steps, labels, lengths = batch((4, [0, 1]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = ctc_loss_sum((1e4 * logits).to(dtype), steps, labels, lengths, BLANK)
    exact = ctc_loss_sum((1e4 * logits).to(dtype).double(), steps, labels, lengths, BLANK)
    assert loss.total.dtype == torch.float32
    assert loss.total.item() == pytest.approx(exact.total.item(), rel=1e-6)
    assert math.isfinite(loss.total.item())
