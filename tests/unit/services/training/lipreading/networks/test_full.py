"""The answer for a clip does not depend on what is beside it in a batch, or on what lies past its end."""

import pytest

torch = pytest.importorskip("torch")

from services.training.lipreading.networks.full import ENCODERS, HEIGHT_PX, WIDTH_PX, FullLipreader  # noqa: E402


def network(encoder: str) -> FullLipreader:
    torch.manual_seed(0)
    return FullLipreader(28, encoder, dropout=0.0)


def batch(lengths: list[int], num_frames: int, padding: float) -> "torch.Tensor":
    draw = torch.Generator().manual_seed(0)
    x_BTHW = torch.full((len(lengths), num_frames, HEIGHT_PX, WIDTH_PX), padding)
    for i, length in enumerate(lengths):
        x_BTHW[i, :length] = torch.randn(length, HEIGHT_PX, WIDTH_PX, generator=draw)
    return x_BTHW


@pytest.mark.parametrize(("encoder", "num_parameters"), [("lstm", 5_147_132), ("conformer", 11_497_980)])
def test_it_has_two_steps_a_frame(encoder: str, num_parameters: int) -> None:
    net = network(encoder)
    assert sum(one.numel() for one in net.parameters()) == num_parameters
    logits, steps = net(batch([2, 3], 3, 0.0), torch.tensor([2, 3]))
    assert logits.shape == (2, 6, 28)
    assert steps.tolist() == [4, 6]


@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_answer_for_a_clip_does_not_depend_on_padding(encoder: str) -> None:
    net = network(encoder).eval()
    x_BTHW, lengths = batch([2, 4], 5, float("nan")), torch.tensor([2, 4])
    logits, steps = net(x_BTHW, lengths)
    for i in range(2):
        alone, _ = net(x_BTHW[i : i + 1, : lengths[i]], lengths[i : i + 1])
        torch.testing.assert_close(logits[i, : steps[i]], alone[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_padding_is_in_no_statistic_and_no_gradient(encoder: str) -> None:
    gradients, statistics = [], []
    for num_frames, padding in ((3, 0.0), (4, 50.0)):
        net = network(encoder).train()
        logits, steps = net(batch([2, 3], num_frames, padding), torch.tensor([2, 3]))
        sum(logits[i, : steps[i]].square().sum() for i in range(2)).backward()
        gradients.append({name: one.grad for name, one in net.named_parameters()})
        statistics.append(dict(net.named_buffers()))
    for name, gradient in gradients[0].items():
        # Relative to the largest of its tensor: what is summed over positions cancels in part.
        spread = max(1.0, float(gradient.abs().max()))
        torch.testing.assert_close(gradient / spread, gradients[1][name] / spread, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(statistics[0], statistics[1], rtol=1e-4, atol=1e-5)


def test_another_encoder_is_refused() -> None:
    with pytest.raises(ValueError, match="lstm, conformer, not 'gru'"):
        FullLipreader(28, "gru")
