import pytest

torch = pytest.importorskip("torch")

from services.training.lipreading.networks.conformer import Conformer, ConformerShape  # noqa: E402

SHAPE = ConformerShape(width=16, num_heads=2, hidden=32, kernel=3, num_blocks=2)


def test_what_lies_past_a_clips_end_is_zero_and_changes_nothing_before_it() -> None:
    torch.manual_seed(0)
    net = Conformer(SHAPE, dropout=0.0).eval()
    x_BTC = torch.randn(2, 8, 16)
    out = net(x_BTC, torch.tensor([5, 8]))
    assert out[0, 5:].abs().max() == 0
    torch.testing.assert_close(out[0, :5], net(x_BTC[:1, :5], torch.tensor([5]))[0])


def test_attention_sees_how_far_apart_frames_are() -> None:
    """Without positions, and a convolution that sees one frame, frames in another order would be the same elsewhere."""
    torch.manual_seed(0)
    net = Conformer(ConformerShape(width=16, num_heads=2, hidden=32, kernel=1, num_blocks=1), dropout=0.0).eval()
    x_BTC = torch.randn(1, 6, 16)
    turned = x_BTC[:, [0, 1, 5, 3, 4, 2]]
    assert (net(x_BTC, torch.tensor([6]))[0, 0] - net(turned, torch.tensor([6]))[0, 0]).abs().max() > 1e-3


@pytest.mark.parametrize("bad", [{"kernel": 4}, {"width": 12, "num_heads": 4}, {"num_blocks": 0}])
def test_a_shape_fits_together(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"conformer must be|kernel odd"):
        ConformerShape(**bad)
