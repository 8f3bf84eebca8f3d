"""Its answer does not depend on what is beside a clip, or past its end; the decoder sees no later character."""

import dataclasses

import pytest

torch = pytest.importorskip("torch")

from services.training.lipreading.networks.conformer_lipreader import (  # noqa: E402
    BASE,
    SMALL,
    ConformerLipreader,
    LipreaderShape,
)


def network(vocabulary_size: int = 9) -> ConformerLipreader:
    torch.manual_seed(0)
    return ConformerLipreader(6, vocabulary_size, SMALL, dropout=0.0).eval()


def pictures(lengths: list[int], num_frames: int, padding: float = 0.0) -> "torch.Tensor":
    draw = torch.Generator().manual_seed(0)
    x_BTHW = torch.full((len(lengths), num_frames, 44, 44), padding)
    for i, length in enumerate(lengths):
        x_BTHW[i, :length] = torch.randn(length, 44, 44, generator=draw)
    return x_BTHW


def test_a_step_a_frame_and_an_answer_behind_each_character() -> None:
    logits, steps, after, pinyin = network()(pictures([2, 4], 4), torch.tensor([2, 4]), torch.tensor([[1, 5], [1, 6]]))
    assert (logits.shape, steps.tolist()) == ((2, 4, 6), [2, 4])
    assert after is not None and after.shape == (2, 2, 9)
    assert pinyin is None
    assert network(0)(pictures([2], 2), torch.tensor([2]), torch.tensor([[1]]))[2] is None


def test_padding_is_in_no_answer() -> None:
    net, lengths, ids = network(), torch.tensor([2, 4]), torch.tensor([[1, 5], [1, 6]])
    x_BTHW = pictures([2, 4], 5, float("nan"))
    logits, _, after, _ = net(x_BTHW, lengths, ids)
    assert after is not None
    for i, length in enumerate((2, 4)):
        alone, _, after_alone, _ = net(x_BTHW[i : i + 1, :length], lengths[i : i + 1], ids[i : i + 1])
        torch.testing.assert_close(logits[i, :length], alone[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(after[i], after_alone[0], rtol=1e-4, atol=1e-5)


def test_the_decoder_sees_no_later_character() -> None:
    net, lengths = network(), torch.tensor([4])
    memory = net.encoded(pictures([4], 4), lengths)
    one = net.decoded(memory, lengths, torch.tensor([[1, 5, 7]]))
    other = net.decoded(memory, lengths, torch.tensor([[1, 5, 8]]))
    torch.testing.assert_close(one[:, :2], other[:, :2])
    assert not torch.equal(one[:, 2], other[:, 2])


@pytest.mark.parametrize(("shape", "millions"), [(SMALL, 1.0), (BASE, 52.0)])
def test_sizes(shape: LipreaderShape, millions: float) -> None:
    net = ConformerLipreader(30, 33, shape)
    assert sum(one.numel() for one in net.parameters()) / 1e6 == pytest.approx(millions, rel=0.1)


def test_a_shape_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        dataclasses.replace(SMALL, blocks_per_stage=0)


@pytest.mark.parametrize("block", [1, 2, 3])
def test_a_reader_of_pinyin_looks_at_a_block_and_leaves_the_rest_as_it_is(block: int) -> None:
    plain = network()
    torch.manual_seed(0)
    net = ConformerLipreader(6, 9, SMALL, dropout=0.0, pinyin_classes=4, pinyin_block=block).eval()
    weights = net.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in plain.state_dict().items())
    x_BTHW, lengths, ids = pictures([2, 4], 5, float("nan")), torch.tensor([2, 4]), torch.tensor([[1, 5], [1, 6]])
    for one, same in zip(net(x_BTHW, lengths, ids)[:3], plain(x_BTHW, lengths, ids)[:3], strict=True):
        assert torch.equal(one, same)
    read = net(x_BTHW, lengths)[3]
    assert read.shape == (2, 5, 4)
    alone = net(x_BTHW[:1, :2], lengths[:1])[3]
    torch.testing.assert_close(read[0, :2], alone[0], rtol=1e-4, atol=1e-5)
    read[0, :2].sum().backward()
    assert [one.attention.out.weight.grad is not None for one in net.time.blocks] == [i < block for i in range(3)]


@pytest.mark.parametrize("block", [0, 4])
def test_a_block_that_there_is_not_is_refused(block: int) -> None:
    with pytest.raises(ValueError, match="give 1 to 3"):
        ConformerLipreader(6, 9, SMALL, pinyin_classes=4, pinyin_block=block)
