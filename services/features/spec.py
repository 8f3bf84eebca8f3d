"""What the features stage is: its settings and its artifact. Inert: looks for no file and imports no library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from services.base.media.features import Features
from services.base.rpc.channel.targets import check_target
from services.base.stage.spec import ByName, Fingerprint, StageSpec
from services.features.device import chosen_device
from services.features.networks import names_of, network_named
from services.triton.measures import BATCH_ITEMS, IN_FLIGHT, REQUEST_SECONDS

BackendName = Literal["torch", "onnxruntime", "triton"]
DeviceName = Literal["auto", "cpu", "cuda"]
DtypeName = Literal["float32", "bfloat16", "float16"]
TransportName = Literal["auto", "grpc", "shared-memory"]

MAX_BATCH_SIZE = 4096
MAX_IN_FLIGHT = 64
MAX_THREADS = 256

_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class FeaturesConfig:
    """Settings of the stage. Raises ValueError for a value that cannot work.

    weights_sha256: what the file of `weights` must be; with the triton backend, what the server must serve.
    """

    model: str = field(
        default="inception_v3",
        metadata={"help": "the network; inception_v3: 2048 values a frame", "choices": names_of("frames")},
    )
    backend: BackendName = field(
        default="torch",
        metadata={"help": "torch or onnxruntime: in this process; triton: a server that holds the one copy"},
    )
    weights: str = field(
        default="",
        metadata={
            "help": "file of the network's weights (torchvision's IMAGENET1K_V1), a path or s3://bucket/name; "
            "empty: seeded random ones"
        },
    )
    weights_sha256: str = field(default="", metadata={"help": "sha256 that the weights must have; empty: any"})
    seed: int = field(default=0, metadata={"help": "seed of the random weights where no file is given"})
    batch_size: int = field(default=32, metadata={"help": "frames that go through the network at once"})
    triton: str = field(default="", metadata={"help": "HOST:PORT of the Triton server's gRPC endpoint"})
    triton_in_flight: int = field(
        default=4, metadata={"help": "triton only: requests on their way at a time, with batch_size frames in all"}
    )
    triton_transport: TransportName = field(
        default="auto", metadata={"help": "triton only: auto shares memory with a server of this host"}
    )
    device: DeviceName = field(
        default="auto",
        metadata={"help": "torch only: auto takes a GPU where there is one that torch can use; a run pins which it is"},
    )
    dtype: DtypeName = field(
        default="float32", metadata={"help": "torch only: bfloat16 and, on a GPU, float16 are faster and less exact"}
    )
    channels_last: bool = field(
        default=True, metadata={"help": "torch only: the memory layout that convolutions are fastest in"}
    )
    num_threads: int = field(
        default=1, metadata={"help": "threads of the network on a CPU; another number changes the last digits"}
    )

    def __post_init__(self) -> None:
        network_named(self.model)
        for name, names in (
            ("backend", BackendName),
            ("device", DeviceName),
            ("dtype", DtypeName),
            ("triton_transport", TransportName),
        ):
            value = getattr(self, name)
            if value not in get_args(names):
                raise ValueError(f"features {name} {value!r} must be one of {', '.join(get_args(names))}")
        _check_whole("batch_size", self.batch_size, 1, MAX_BATCH_SIZE)
        _check_whole("num_threads", self.num_threads, 1, MAX_THREADS)
        _check_whole("triton_in_flight", self.triton_in_flight, 1, MAX_IN_FLIGHT)
        _check_whole("seed", self.seed, 0, 2**32 - 1)
        if self.weights_sha256 and not (len(self.weights_sha256) == 64 and set(self.weights_sha256) <= _HEX):
            raise ValueError(f"weights_sha256 {self.weights_sha256!r} must be 64 lower-case hexadecimal digits")
        if self.backend == "triton" and not self.triton:
            raise ValueError("the triton backend needs the server's address: give --triton HOST:PORT")
        if self.triton:
            check_target(self.triton, "--triton")
        if self.dtype != "float32" and self.backend != "torch":
            raise ValueError(f"dtype {self.dtype} is for torch, not for {self.backend}: take float32, or backend torch")
        if self.device == "cuda" and self.backend != "torch":
            raise ValueError(f"device cuda is for torch, not for {self.backend}: leave it out, or take backend torch")
        if self.dtype == "float16" and self.device == "cpu":
            raise ValueError("dtype float16 is for a GPU: take bfloat16 or float32, or device cuda")

    @property
    def vectors_name(self) -> str:
        """The network in its number format, which an output's meta tells where it is not the usual one."""
        return self.model if self.dtype == "float32" else f"{self.model}-{self.dtype}"

    @property
    def weights_name(self) -> str:
        """How the vectors got their weights where no file tells: the pinned digest, or the seed."""
        return f"sha256:{self.weights_sha256}" if self.weights_sha256 else f"seeded:{self.seed}"


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} {value!r} must be a whole number from {low} to {high}")


def settled(config: FeaturesConfig, device: str = "") -> dict[str, Any]:
    """The settings that the machine decides, as a run pins them. device: what auto means; empty: what it means here."""
    if config.backend != "torch":
        return {}
    return {"device": device or chosen_device("auto") if config.device == "auto" else config.device}


def key_config(config: FeaturesConfig) -> dict[str, Any]:
    """The settings that decide bytes: neither where files lie and servers listen, whose digests are in `models.py`.

    Frames computed together, threads and the device change the last digits of a vector; a server batches as it likes.
    """
    key: dict[str, Any] = {"model": config.model, "backend": config.backend}
    if config.backend == "triton":
        return key
    key |= {"batch_size": config.batch_size}
    device = chosen_device(config.device) if config.backend == "torch" else "cpu"
    if config.backend == "torch":
        key |= {"device": device, "dtype": config.dtype, "channels_last": config.channels_last}
    return key | ({"num_threads": config.num_threads} if device == "cpu" else {})


def libraries_of(config: FeaturesConfig) -> tuple[str, ...]:
    """Those of SPEC.libraries whose version decides this config's bytes."""
    # OpenCV stretches the frames, whoever computes on them.
    return ("opencv-contrib-python", *(() if config.backend == "triton" else (config.backend,)))


def fingerprint(config: FeaturesConfig) -> Fingerprint:
    """What of the config decides bytes."""
    return Fingerprint(key_config(config), libraries=libraries_of(config))


SPEC = StageSpec(
    name="features",
    version=2,
    config=FeaturesConfig,
    reads=("frames",),
    writes=("features",),
    artifacts={"features": Features},
    libraries=("torch", "onnxruntime", "opencv-contrib-python"),
    cached=True,
    fingerprint=fingerprint,
    settled=settled,
    models=ByName("services.features.models:models_of"),
    opens=ByName("services.features.stage:open_stage"),
    rpc=ByName("services.features.rpc"),
    metrics=(BATCH_ITEMS, IN_FLIGHT, REQUEST_SECONDS),
)
