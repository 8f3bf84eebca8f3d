"""What the stage of features that drive a talking head is: its settings, its models and its artifact. Inert."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from services.base.media.features import AudioFeatures
from services.base.stage.fields import Address
from services.base.stage.spec import ByName, Fingerprint, StageSpec
from services.features import spec as of_networks
from services.features.device import chosen_device
from services.features.spec import BackendName, DeviceName, FeaturesConfig, TransportName
from services.triton.measures import BATCH_ITEMS, IN_FLIGHT, REQUEST_SECONDS

ModelName = Literal["ave", "mel", "hubert", "wenet"]


@dataclass(frozen=True)
class Runtime:
    """What decides rows beside the files. decides: settings. libraries: distributions."""

    decides: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


@dataclass(frozen=True)
class AudioModel:
    """How a sound becomes rows.

    opens: (settings) -> an `Extractor`. network: of the table of networks (services.features.networks), with whose
    settings it computes; empty: of none. models: (settings) -> digests of its files; None: those of the network, if
    any. runtimes: of a model without one, by the backend; a server decides for itself. exports: (model repository,
    settings, services.triton.config.Serving) -> services.triton.verify.Finding; None: no Triton server computes it.
    most_together: items that a server computes at once, where it is told nothing else; 0: the usual. about: what it
    takes and gives there.
    """

    opens: ByName
    network: str = ""
    models: ByName | None = None
    runtimes: Mapping[str, Runtime] = field(default_factory=dict)
    exports: ByName | None = None
    most_together: int = 0
    about: str = ""

    @property
    def has_weights(self) -> bool:
        return bool(self.network) or self.models is not None


MODELS: dict[ModelName, AudioModel] = {
    "ave": AudioModel(ByName("services.features.talker.extractors:open_ave"), network="ave"),
    "mel": AudioModel(ByName("services.features.talker.extractors:open_mel")),
    "hubert": AudioModel(
        ByName("services.features.talker.hubert.extractor:open_hubert"),
        models=ByName("services.features.talker.hubert.models:models_of"),
        runtimes={
            "torch": Runtime(("device", "num_threads"), ("torch",)),
            "onnxruntime": Runtime(("num_threads",), ("onnxruntime",)),
        },
        exports=ByName("services.features.talker.hubert.exported:export_hubert"),
        # Of 20 s each.
        most_together=8,
        about="float32 steps [N,T,400] -> float32 states [N,T,1024]",
    ),
    "wenet": AudioModel(
        ByName("services.features.talker.wenet.extractor:open_wenet"),
        models=ByName("services.features.talker.wenet.models:models_of"),
        # The file is what it is, whatever the other networks compute on.
        runtimes=dict.fromkeys(("torch", "onnxruntime"), Runtime(("num_threads",), ("onnxruntime",))),
        exports=ByName("services.features.talker.wenet.served:export_wenet"),
        about="float32 windows [N,1,67,80] -> float32 states [N,16,512]",
    ),
}
EXPORTED = {name: model for name, model in MODELS.items() if model.exports is not None}
"""Those that a Triton server computes, beside the table of networks."""


@dataclass(frozen=True)
class AudioFeaturesConfig:
    """Settings of the stage. Raises ValueError for a value that cannot work, as FeaturesConfig does."""

    model: ModelName = field(
        default="ave",
        metadata={
            "help": "ave: SyncTalk_2D's audio encoder; mel: the spectrogram itself, which needs no weights; hubert: "
            "HuBERT large; wenet: WeNet's encoder"
        },
    )
    weights: str = field(
        default="",
        metadata={
            "help": "file of the network's weights, a path or, of ave, s3://bucket/name; of hubert also its folder; "
            "empty: seeded random ones, which mean nothing"
        },
    )
    weights_sha256: str = field(default="", metadata={"help": "sha256 that the weights must have; empty: any"})
    seed: int = field(default=0, metadata={"help": "seed of the random weights where no file is given"})
    backend: BackendName = field(
        default="torch",
        metadata={"help": "torch or onnxruntime: in this process; triton: a server that holds the one copy"},
    )
    batch_size: int = field(default=64, metadata={"help": "windows that go through the network at once"})
    device: DeviceName = field(
        default="auto",
        metadata={"help": "torch only: auto takes a GPU where there is one that torch can use; a run pins which it is"},
    )
    num_threads: int = field(
        default=1, metadata={"help": "threads of the network on a CPU; another number changes the last digits"}
    )
    triton: Address = field(default="", metadata={"help": "HOST:PORT of the Triton server's gRPC endpoint"})
    triton_in_flight: int = field(
        default=4, metadata={"help": "triton only: requests on their way at a time, with batch_size windows in all"}
    )
    triton_transport: TransportName = field(
        default="auto", metadata={"help": "triton only: auto shares memory with a server of this host"}
    )

    def __post_init__(self) -> None:
        if self.model not in get_args(ModelName):
            raise ValueError(f"model {self.model!r} must be one of {', '.join(get_args(ModelName))}")
        model = MODELS[self.model]
        if not model.has_weights and (self.weights or self.weights_sha256):
            raise ValueError(f"model {self.model} has no weights: leave weights and weights_sha256 out")
        if self.backend == "triton" and not (model.network or model.exports):
            raise ValueError(f"model {self.model} is computed here: leave backend triton out")
        # The same rules hold for models of their own.
        self._of_network(model.network or "ave")

    @property
    def network(self) -> FeaturesConfig | None:
        """The settings of the model's network; None where it has none. Raises ValueError as FeaturesConfig does."""
        name = MODELS[self.model].network
        return self._of_network(name) if name else None

    @property
    def runtime(self) -> Runtime:
        """Of a model without a network."""
        return MODELS[self.model].runtimes.get(self.backend, Runtime())

    def _of_network(self, name: str) -> FeaturesConfig:
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "model"}
        return FeaturesConfig(model=name, **values)


def settled(config: AudioFeaturesConfig, device: str = "") -> dict[str, Any]:
    """The settings that the machine decides, as a run pins them. device: what auto means; empty: what it means here."""
    if config.network is not None:
        return of_networks.settled(config.network, device)
    if "device" not in config.runtime.decides:
        return {}
    return {"device": device or chosen_device("auto") if config.device == "auto" else config.device}


def fingerprint(config: AudioFeaturesConfig) -> Fingerprint:
    """What of the config decides bytes; weights by their digests, which are in `models`."""
    network, runtime = config.network, config.runtime
    if network is None:
        key = {name: getattr(config, name) for name in runtime.decides}
        if "device" in key:
            key["device"] = chosen_device(config.device)
        if runtime != MODELS[config.model].runtimes.get("torch", Runtime()):
            key["backend"] = config.backend
        return Fingerprint({**key, "model": config.model}, libraries=("numpy", *runtime.libraries))
    key = {**of_networks.key_config(network), "model": config.model}
    return Fingerprint(key, libraries=("numpy", *(() if network.backend == "triton" else (network.backend,))))


def _models(config: AudioFeaturesConfig) -> dict[str, str]:
    own = MODELS[config.model].models
    found: dict[str, str] = {}
    if own is not None:
        found = own(config)
    elif config.network is not None:
        found = ByName("services.features.models:models_of")(config.network)
    return found


SPEC = StageSpec(
    "audiofeatures",
    1,
    AudioFeaturesConfig,
    reads=("aligned_sound",),
    writes=("audio_features",),
    libraries=("numpy", "torch", "onnxruntime"),
    fingerprint=fingerprint,
    settled=settled,
    models=_models,
    opens=ByName("services.features.talker.stage:open_stage"),
    artifacts={"audio_features": AudioFeatures},
    metrics=(BATCH_ITEMS, IN_FLIGHT, REQUEST_SECONDS),
)
