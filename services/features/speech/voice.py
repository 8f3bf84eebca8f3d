"""What IndexTTS-2 conditions speech on: 32 vectors of a speaker's voice and one vector of its emotion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from services.features.speech.conformer import Conformer, ConformerShape
from services.features.speech.perceiver import Perceiver, PerceiverShape

_EMOTION_DIM = 1024
_NUM_SPEAKER_LATENTS = 32


@dataclass(frozen=True)
class VoiceShape:
    """Sizes of both paths. model_dim: of every vector that comes out."""

    model_dim: int = 1280
    speaker: ConformerShape = field(default_factory=ConformerShape)
    speaker_mult: int = 2
    emotion: ConformerShape = field(
        default_factory=lambda: ConformerShape(linear_units=1024, attention_heads=4, num_blocks=4)
    )
    emotion_mult: int = 2

    @classmethod
    def from_config(cls, gpt: Mapping[str, Any], input_size: int = 1024) -> VoiceShape:
        """Of the section `gpt` of an IndexTTS-2 config. Raises KeyError, TypeError, ValueError."""
        modules = [dict(gpt["condition_module"]), dict(gpt["emo_condition_module"])]
        sizes = ("output_size", "linear_units", "attention_heads", "num_blocks")
        speaker, emotion = (ConformerShape(input_size, **{name: int(m[name]) for name in sizes}) for m in modules)
        mults = [int(module["perceiver_mult"]) for module in modules]
        return cls(int(gpt["model_dim"]), speaker, mults[0], emotion, mults[1])


class VoiceConditioner(nn.Module):
    """float32 [N, T, C] features, int64 [N] lengths in 3..T -> float32 [N, 32, model_dim] condition, float32
    [N, model_dim] emotion vector.

    original_padding: see `Conformer`.
    """

    def __init__(self, shape: VoiceShape, original_padding: bool = False) -> None:
        super().__init__()
        self.shape = shape
        self.num_latents = _NUM_SPEAKER_LATENTS
        self.conditioning_encoder = Conformer(shape.speaker, original_padding)
        self.perceiver_encoder = Perceiver(
            PerceiverShape(
                shape.model_dim,
                shape.speaker.output_size,
                _NUM_SPEAKER_LATENTS,
                shape.speaker.attention_heads,
                shape.speaker_mult,
            )
        )
        self.emo_conditioning_encoder = Conformer(shape.emotion, original_padding)
        self.emo_perceiver_encoder = Perceiver(
            PerceiverShape(
                _EMOTION_DIM, shape.emotion.output_size, 1, shape.emotion.attention_heads, shape.emotion_mult
            )
        )
        self.emovec_layer = nn.Linear(_EMOTION_DIM, shape.model_dim)
        self.emo_layer = nn.Linear(shape.model_dim, shape.model_dim)

    def forward(self, features_NTC: Tensor, lengths_N: Tensor) -> tuple[Tensor, Tensor]:
        condition_NLD = self.perceiver_encoder(*self.conditioning_encoder(features_NTC, lengths_N))
        emotion_N1E = self.emo_perceiver_encoder(*self.emo_conditioning_encoder(features_NTC, lengths_N))
        return condition_NLD, self.emo_layer(self.emovec_layer(emotion_N1E[:, 0]))
