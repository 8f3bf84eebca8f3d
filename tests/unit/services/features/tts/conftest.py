"""A tiny IndexTTS-2: a config of small sizes and files of seeded weights that fit it."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny_speech import write_config

from services.features.runtimes.weights import seeded_weights
from services.features.speech.repcodec import codec_shapes
from services.features.speech.voice import VoiceConditioner
from services.features.speech.w2v_bert import w2v_bert
from services.features.tts.models import model_files
from services.features.tts.opening import shapes_of
from services.features.tts.spec import SpeechConfig


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
    config = SpeechConfig(config=str(write_config(folder)))
    encoder, codec, voice = shapes_of(model_files(config))
    save_file(_seeded(w2v_bert(encoder)), folder / "w2v_bert.safetensors")
    save_file(seeded_weights(9, codec_shapes(codec)), folder / "codec.safetensors")
    torch.save(_seeded(VoiceConditioner(voice)), folder / "gpt.pth")
    torch.save({"mean": torch.zeros(16), "var": torch.ones(16)}, folder / "stats.pt")
    return TinyModel(folder)


def _seeded(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return seeded_weights(9, {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()})
