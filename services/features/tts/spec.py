"""What the speech stage is: its settings and its artifact. Inert: looks for no file and imports no library."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from services.base.media.features import SpeechFeatures
from services.base.rpc.channel.targets import check_target
from services.base.stage.fields import Address, FileRef
from services.base.stage.spec import ByName, Fingerprint, StageSpec
from services.base.stage.window import ClipSize, Window
from services.features.batching.by_length import one_by_one, window_by_length
from services.features.batching.by_memory import batch_size_of, num_decoders_of
from services.features.device import chosen_device
from services.triton.measures import BATCH_ITEMS, IN_FLIGHT, REQUEST_SECONDS

BackendName = Literal["torch", "triton"]
DeviceName = Literal["auto", "cpu", "cuda"]
DtypeName = Literal["float32", "bfloat16", "float16"]
BatchingName = Literal["auto", "clip", "padded"]
_gpu_memory_bytes = ByName("services.features.runtimes.gpu:gpu_memory_bytes")
MAX_THREADS = 256
MAX_IN_FLIGHT = 64
MAX_BATCH_SIZE = 1024
# A batch is one of so many clips of 15 s.
STEPS_OF_A_CLIP = 750
STEP_S = 0.02
USUAL_PLACES = {"config": "checkpoints/config.yaml", "gpt_checkpoint": "checkpoints/gpt.pth"}
"""Where users of the original have its files, below the working directory: taken where no setting names another."""


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
    dtype: DtypeName = field(
        default="float32",
        metadata={"help": "of w2v-BERT; bfloat16 and, on a GPU, float16 are faster and change some codes"},
    )
    batching: BatchingName = field(
        default="auto",
        metadata={"help": "clip: one by one; padded: several clips of a shard at once; auto: padded on a GPU alone"},
    )
    batch_size: int = field(
        default=0,
        metadata={"help": "padded only: clips of 15 s at once, shorter ones are more; 0: by the memory of the GPU"},
    )
    num_threads: int = field(
        default=1, metadata={"help": "threads of the networks on a CPU; another number changes the last digits"}
    )
    backend: BackendName = field(
        default="torch", metadata={"help": "torch: in this process; triton: a server that holds the one copy"}
    )
    triton: Address = field(default="", metadata={"help": "HOST:PORT of the Triton server's gRPC endpoint"})
    triton_in_flight: int = field(
        default=4, metadata={"help": "triton only: clips whose features are asked for at a time"}
    )
    triton_weights: str = field(
        default="",
        metadata={"help": "triton only: weights of its model, as the export names them; empty: of the files here"},
    )

    def __post_init__(self) -> None:
        for name, names in (
            ("device", DeviceName),
            ("dtype", DtypeName),
            ("batching", BatchingName),
            ("backend", BackendName),
        ):
            if getattr(self, name) not in get_args(names):
                raise ValueError(f"{name} {getattr(self, name)!r} must be one of {', '.join(get_args(names))}")
        for name, low, high in (
            ("seed", 0, 2**32 - 1),
            ("num_threads", 1, MAX_THREADS),
            ("batch_size", 0, MAX_BATCH_SIZE),
            ("triton_in_flight", 1, MAX_IN_FLIGHT),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} {value} must be from {low} to {high}")
        if self.dtype == "float16" and self.device == "cpu":
            raise ValueError("dtype float16 is for a GPU: take bfloat16 or float32, or device cuda")
        self._check_triton()

    def _check_triton(self) -> None:
        if self.triton:
            check_target(self.triton, "--triton")
        if self.backend == "triton":
            if not self.triton:
                raise ValueError("the triton backend needs the server's address: give --triton HOST:PORT")
            for name, value, usual in (("dtype", self.dtype, "float32"), ("batching", self.batching, "clip")):
                if value not in (usual, "auto"):
                    raise ValueError(f"{name} {value} is for torch: the server decides it; leave it out")
            if self.device == "cuda":
                raise ValueError("device cuda is for torch: the server has its own; leave it out")
        elif self.triton_weights:
            raise ValueError("triton_weights is for the triton backend: leave it out")


def settled(config: SpeechConfig, device: str = "") -> dict[str, Any]:
    """Device, way of batching, size of a batch and files in their usual places, as a run pins them. device: what auto
    means; empty: what it means here.
    """
    files = ByName("services.features.tts.model_places:usual_files")(config)
    if config.backend == "triton":
        return {**files, "device": "cpu", "batching": "clip", "batch_size": 1}
    chosen = (device or chosen_device("auto")) if config.device == "auto" else config.device
    batching = ("padded" if chosen == "cuda" else "clip") if config.batching == "auto" else config.batching
    # One by one it has no effect, and so is no difference between two runs.
    batch_size = 1 if batching == "clip" else config.batch_size
    if batch_size == 0:
        batch_size = batch_size_of(_gpu_memory_bytes()) if chosen == "cuda" else 1
    return {**files, "device": chosen, "batching": batching, "batch_size": batch_size}


def _settled(config: SpeechConfig) -> SpeechConfig:
    return dataclasses.replace(config, **settled(config))


def fingerprint(config: SpeechConfig) -> Fingerprint:
    """What of the config decides bytes: the files by their digests, which are in `models`, and the seed of others.

    Device, number format and the batch rule change the last digits; one by one, no size of a batch does.
    """
    if config.backend == "triton":
        # A server batches as it likes, and what it computes with is its own.
        return Fingerprint({"seed": config.seed, "backend": config.backend}, libraries=("numpy",))
    config = _settled(config)
    rule: dict[str, Any] = {"batching": config.batching}
    if config.batching == "padded":
        rule["batch_size"] = config.batch_size
    decides = {"seed": config.seed, "device": config.device, "dtype": config.dtype, **rule}
    return Fingerprint(decides)


def size(key: str, artifacts: Mapping[str, Any]) -> ClipSize:
    """Of a clip, whose filterbank is known."""
    num_steps = len(artifacts["filterbank"])
    return ClipSize(key, num_steps, num_steps * STEP_S)


def window(config: SpeechConfig) -> Window:
    """The clips that go through the networks together: padded batches of a window of the shard, or each alone.

    Either way the networks are in a process of their own, and the next clips are decoded while they compute.
    """
    config = _settled(config)
    num_decoders = num_decoders_of(config.device)
    if config.backend == "triton":
        # Requests of clips of like length, all under way at once: the server makes batches of them.
        return window_by_length(config.triton_in_flight * STEPS_OF_A_CLIP, size, num_decoders=num_decoders)
    if config.batching == "clip":
        return one_by_one(size, num_decoders)
    return window_by_length(config.batch_size * STEPS_OF_A_CLIP, size, num_decoders=num_decoders)


def _models(config: SpeechConfig) -> dict[str, str]:
    found: dict[str, str] = ByName("services.features.tts.models:models_of")(config)
    return found


SPEC = StageSpec(
    "speech",
    1,
    SpeechConfig,
    reads=("filterbank",),
    writes=("speech_features",),
    libraries=("numpy", "torch"),
    fingerprint=fingerprint,
    settled=settled,
    window=window,
    models=_models,
    opens=ByName("services.features.tts.stage:open_stage"),
    rpc=ByName("services.features.tts.rpc"),
    artifacts={"speech_features": SpeechFeatures},
    metrics=(BATCH_ITEMS, IN_FLIGHT, REQUEST_SECONDS),
)
