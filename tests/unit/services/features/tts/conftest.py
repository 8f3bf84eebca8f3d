"""A tiny IndexTTS-2: a config of small sizes and files of seeded weights that fit it."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from services.features.runtimes.weights import seeded_weights
from services.features.speech.repcodec import codec_shapes
from services.features.speech.voice import VoiceConditioner
from services.features.speech.w2v_bert import w2v_bert
from services.features.tts.models import model_files
from services.features.tts.opening import shapes_of
from services.features.tts.spec import SpeechConfig

_CONFIG = """
w2v_bert: {hidden_size: 16, num_attention_heads: 2, intermediate_size: 24, num_layers: 2}
semantic_codec:
  {codebook_size: 64, hidden_size: 16, codebook_dim: 4, vocos_dim: 8, vocos_intermediate_dim: 12, vocos_num_layers: 2}
gpt:
  model_dim: 12
  condition_module: {output_size: 8, linear_units: 12, attention_heads: 2, num_blocks: 1, perceiver_mult: 2}
  emo_condition_module: {output_size: 8, linear_units: 12, attention_heads: 1, num_blocks: 1, perceiver_mult: 2}
w2v_stat: stats.pt
"""


@dataclass(frozen=True)
class TinyModel:
    """A folder with every file of the tiny network."""

    folder: Path

    def config(self, **changes: object) -> SpeechConfig:
        """A config that names each of the files."""
        named = {
            "config": str(self.folder / "config.yaml"),
            "gpt_checkpoint": str(self.folder / "gpt.pth"),
            "w2v_bert": str(self.folder / "w2v_bert.safetensors"),
            "semantic_codec": str(self.folder / "codec.safetensors"),
            "device": "cpu",
        }
        return SpeechConfig(**{**named, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    folder = tmp_path_factory.mktemp("indextts")
    (folder / "config.yaml").write_text(_CONFIG)
    encoder, codec, voice = shapes_of(model_files(SpeechConfig(config=str(folder / "config.yaml"))))
    save_file(_seeded(w2v_bert(encoder)), folder / "w2v_bert.safetensors")
    save_file(seeded_weights(9, codec_shapes(codec)), folder / "codec.safetensors")
    torch.save(_seeded(VoiceConditioner(voice)), folder / "gpt.pth")
    torch.save({"mean": torch.zeros(16), "var": torch.ones(16)}, folder / "stats.pt")
    return TinyModel(folder)


def _seeded(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return seeded_weights(9, {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()})
