"""What the speech stage is: its settings and its artifact. Inert: looks for no file and imports no library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from services.base.media.features import SpeechFeatures
from services.base.stage.fields import FileRef
from services.base.stage.spec import ByName, Fingerprint, StageSpec

DeviceName = Literal["auto", "cpu", "cuda"]
MAX_THREADS = 256


@dataclass(frozen=True)
class SpeechConfig:
    """Settings of the stage. Raises ValueError for a value that cannot work.

    A file that no setting names and no cache of the hub holds gives seeded random weights, which mean nothing.
    """

    config: FileRef = field(default="", metadata={"help": "config.yaml of IndexTTS-2; empty: its published sizes"})
    gpt_checkpoint: FileRef = field(default="", metadata={"help": "gpt.pth of IndexTTS-2: the voice's conditioning"})
    w2v_stat: FileRef = field(
        default="", metadata={"help": "mean and variance of semantic features; empty: the config's w2v_stat"}
    )
    w2v_bert: FileRef = field(
        default="", metadata={"help": "model.safetensors of facebook/w2v-bert-2.0, or its folder"}
    )
    semantic_codec: FileRef = field(
        default="", metadata={"help": "semantic_codec/model.safetensors of amphion/MaskGCT, or its folder"}
    )
    hf_cache_dir: str = field(
        default="", metadata={"help": "cache of the Hugging Face hub to look in; empty: HF_HUB_CACHE, HF_HOME's hub"}
    )
    seed: int = field(default=0, metadata={"help": "seed of random weights where no file is found"})
    device: DeviceName = field(
        default="auto",
        metadata={"help": "auto takes a GPU where there is one that torch can use; a run pins which it is"},
    )
    num_threads: int = field(
        default=1, metadata={"help": "threads of the networks on a CPU; another number changes the last digits"}
    )

    def __post_init__(self) -> None:
        if self.device not in get_args(DeviceName):
            raise ValueError(f"device {self.device!r} must be one of {', '.join(get_args(DeviceName))}")
        for name, low, high in (("seed", 0, 2**32 - 1), ("num_threads", 1, MAX_THREADS)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} {value} must be from {low} to {high}")


def fingerprint(config: SpeechConfig) -> Fingerprint:
    """What of the config decides bytes: the files by their digests, which are in `models`, and the seed of others.

    The device and the number of threads change the last digits.
    """
    return Fingerprint({"seed": config.seed}, {"seed": config.seed, "device": config.device})


def settled(config: SpeechConfig, device: str = "") -> dict[str, Any]:
    """The device, as a run pins it. device: what auto means; empty: what it means here."""
    if config.device != "auto":
        return {"device": config.device}
    return {"device": device or ByName("services.features.device:chosen_device")("auto")}


def _models(config: SpeechConfig) -> dict[str, str]:
    found: dict[str, str] = ByName("services.features.tts.models:models_of")(config)
    return found


SPEC = StageSpec(
    "speech",
    1,
    SpeechConfig,
    reads=("filterbank",),
    writes=("speech_features",),
    libraries=("numpy", "torch", "transformers"),
    fingerprint=fingerprint,
    settled=settled,
    models=_models,
    opens=ByName("services.features.tts.stage:open_stage"),
    artifacts={"speech_features": SpeechFeatures},
)
