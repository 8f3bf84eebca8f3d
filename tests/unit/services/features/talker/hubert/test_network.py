"""HuBERT has the tensors and the answers of transformers' network."""

import torch

from services.features.runtimes.weights import seeded_weights
from services.features.talker.hubert.network import Hubert, HubertShape

SMALL = HubertShape(16, 2, 2, 32, 8, 16, 2)


def test_a_state_hears_400_samples_every_320() -> None:
    network = Hubert(SMALL).eval()
    weights = seeded_weights(0, {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()})
    network.load_state_dict(weights)
    with torch.inference_mode():
        for num_samples in (400, 719, 720, 3_200):
            made_NTD = network(torch.randn(2, num_samples))
            assert made_NTD.shape == (2, (num_samples - 80) // 320, 16)


def test_the_large_network_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        network = Hubert(HubertShape())
    # Of 315,438,720, less the 1,024 of masks in training.
    assert sum(parameter.numel() for parameter in network.parameters()) == 315_437_696


def test_answers_are_those_of_transformers() -> None:
    from transformers import HubertConfig, HubertModel

    config = HubertConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=[8] * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        feat_extract_norm="layer",
        conv_bias=True,
        do_stable_layer_norm=True,
    )
    torch.manual_seed(1)
    theirs = HubertModel(config).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    state = {}
    for name, tensor in theirs.state_dict().items():
        for new, old in names.items():
            name = name.replace(new, old)  # noqa: PLW2901
        state[name] = tensor
    state.pop("masked_spec_embed")
    ours = Hubert(SMALL).eval()
    ours.load_state_dict(state, strict=True)
    samples_NS = torch.randn(1, 16_000)
    with torch.inference_mode():
        expected_NTD, found_NTD = theirs(samples_NS).last_hidden_state, ours(samples_NS)
    assert found_NTD.shape == (1, 49, 16)
    assert torch.allclose(found_NTD, expected_NTD, rtol=0, atol=2e-5 * float(expected_NTD.std()))
