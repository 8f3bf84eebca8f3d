"""The answer for a clip does not depend on what is beside it in a batch, or on what lies past its end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from services.training.lipreading.networks.tiny import HEIGHT_PX, WIDTH_PX, TinyLipreader  # noqa: E402


def network() -> TinyLipreader:
    torch.manual_seed(0)
    return TinyLipreader(28, dropout=0.0)


def clips(lengths: list[int], seed: int = 0) -> list["torch.Tensor"]:
    draw = torch.Generator().manual_seed(seed)
    return [torch.randn(length, HEIGHT_PX, WIDTH_PX, generator=draw) for length in lengths]


def batch_of(parts: list["torch.Tensor"], num_frames: int, padding: float) -> "torch.Tensor":
    x_BTHW = torch.full((len(parts), num_frames, HEIGHT_PX, WIDTH_PX), padding)
    for i, part in enumerate(parts):
        x_BTHW[i, : len(part)] = part
    return x_BTHW


def test_it_is_as_large_as_it_says_and_has_two_steps_a_frame() -> None:
    net = network()
    assert sum(one.numel() for one in net.parameters()) == 901_164
    logits, steps = net(batch_of(clips([3, 5]), 5, 0.0), torch.tensor([3, 5]))
    assert logits.shape == (2, 10, 28)
    assert steps.tolist() == [6, 10]


@settings(max_examples=8)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    more=st.integers(0, 4),
    padding=st.sampled_from([0.0, 50.0, float("nan")]),
)
def test_the_answer_for_a_clip_does_not_depend_on_padding(lengths: list[int], more: int, padding: float) -> None:
    net, parts = network().eval(), clips(lengths)
    logits, steps = net(batch_of(parts, max(lengths) + more, padding), torch.tensor(lengths))
    for i, part in enumerate(parts):
        alone, _ = net(part[None], torch.tensor([len(part)]))
        torch.testing.assert_close(logits[i, : steps[i]], alone[0], rtol=1e-4, atol=1e-5)


def test_padding_is_in_no_statistic_and_no_gradient() -> None:
    parts = clips([4, 7])
    gradients, statistics = [], []
    for num_frames, padding in ((7, 0.0), (12, 50.0)):
        net = network().train()
        logits, steps = net(batch_of(parts, num_frames, padding), torch.tensor([4, 7]))
        sum(logits[i, : steps[i]].square().sum() for i in range(2)).backward()
        gradients.append({name: one.grad for name, one in net.named_parameters()})
        statistics.append(dict(net.named_buffers()))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(statistics[0], statistics[1])
