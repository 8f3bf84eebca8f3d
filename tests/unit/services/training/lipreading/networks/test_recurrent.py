import pytest

torch = pytest.importorskip("torch")

from services.training.lipreading.networks.recurrent import BiLstm  # noqa: E402


def test_each_clip_is_read_backwards_from_its_own_end() -> None:
    torch.manual_seed(0)
    net = BiLstm(3, 4, num_layers=2, dropout=0.0)
    x_BTC = torch.randn(2, 5, 3)
    out = net(x_BTC, torch.tensor([2, 5]))
    assert out.shape == (2, 5, 8)
    assert out[0, 2:].abs().max() == 0
    torch.testing.assert_close(out[0, :2], net(x_BTC[:1, :2], torch.tensor([2]))[0])
