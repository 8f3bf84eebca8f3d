"""The baseline lipreader of Chinese-LiPS: its size, and that padding changes nothing."""

import pytest
import torch

from services.training.lipreading.networks.attention_lipreader import AttentionLipreader
from services.training.lipreading.tokenizer import EOS, SOS


def small() -> AttentionLipreader:
    torch.manual_seed(1)
    return AttentionLipreader(7, hidden_size=16, num_heads=2, dropout=0.0)


@pytest.mark.parametrize(("vocabulary_size", "parameters"), [(4, 2_817_892), (3567, 4_645_711)])
def test_it_has_the_parameters_of_the_baseline(vocabulary_size: int, parameters: int) -> None:
    model = AttentionLipreader(vocabulary_size)
    assert sum(one.numel() for one in model.parameters()) == parameters
    shapes = {name: tuple(one.shape) for name, one in model.state_dict().items()}
    assert shapes["spatial_encoder.frontend.0.conv3d.weight"] == (32, 1, 5, 7, 7)
    assert shapes["temporal_encoder.lstm.weight_ih_l1_reverse"] == (512, 256)
    assert shapes["decoder.fc.weight"] == shapes["decoder.embedding.weight"] == (vocabulary_size, 256)


@pytest.mark.parametrize("training", [True, False])
def test_a_clip_is_read_alike_alone_and_padded(training: bool) -> None:
    model, frames, ids = small().train(training), torch.rand(1, 4, 32, 32), torch.tensor([[SOS, 4, 5]])
    alone = model(frames, torch.tensor([4]), ids)
    filled = torch.cat((frames, torch.rand(1, 3, 32, 32)), dim=1)
    assert alone.shape == (1, 3, 7)
    torch.testing.assert_close(model(filled, torch.tensor([4]), ids), alone, rtol=1e-4, atol=1e-5)


def test_forced_on_what_it_reads_it_reads_the_same() -> None:
    model, frames, lengths = small().eval(), torch.rand(2, 3, 32, 32), torch.tensor([3, 2])
    with torch.no_grad():
        model.decoder.fc.bias[EOS] = -1e9
        read = model.read(frames, lengths, 5)
        begun = torch.cat((torch.full((2, 1), SOS), read[:, :-1]), dim=1)
        assert torch.equal(model(frames, lengths, begun).argmax(-1), read)
        assert torch.equal(model(frames, lengths, begun, forced=False).argmax(-1), read)


def test_reading_ends_once_each_clip_has_ended() -> None:
    model = small().eval()
    with torch.no_grad():
        model.decoder.fc.bias[EOS] = 1e9
    assert model.read(torch.rand(2, 3, 32, 32), torch.tensor([3, 2])).tolist() == [[EOS], [EOS]]
    with pytest.raises(ValueError, match="1 or more"):
        model.read(torch.rand(1, 1, 32, 32), torch.tensor([1]), 0)
