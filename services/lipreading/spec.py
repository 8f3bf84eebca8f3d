"""What the lipreading stage is: frames and landmarks in, a transcript out. Inert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from services.base.rpc.channel.targets import check_target
from services.base.stage.fields import Address, FileRef, option
from services.base.stage.spec import ByName, Fingerprint, StageSpec
from services.lips.bundle import AS_THE_BUNDLE_SAYS
from services.lips.language_model.settings import LanguageModelSettings
from services.lips.transcript import Transcript
from services.triton.measures import BATCH_ITEMS, IN_FLIGHT, REQUEST_SECONDS

BackendName = Literal["onnxruntime", "triton"]
TransportName = Literal["auto", "grpc", "shared-memory"]
_SERVER = "Triton server"


@dataclass(frozen=True)
class LipreadingConfig(LanguageModelSettings):
    """Settings of the stage. Raises ValueError for what cannot be."""

    bundle: FileRef = option(
        "", "folder that `visemill export` wrote, or its s3:// URI", group="lipreader", metavar="FOLDER"
    )
    beam_width: int = option(
        0,
        "prefixes that are kept; 1: the likeliest class at each step; 0: as the bundle says, else 20",
        group="lipreader",
    )
    rescoring: float = option(
        AS_THE_BUNDLE_SAYS,
        "share of the decoder in the score of these, with a bundle that has one; 0: none; -1: as the bundle says",
        group="lipreader",
    )
    cropped: bool = option(
        False, "frames are mouths already, and of the bundle's size: they are taken as they are", group="lipreader"
    )
    max_frames: int = option(
        3000, "of a clip at the bundle's rate; a longer one is refused", group="lipreader", unit="frames"
    )
    backend: BackendName = option(
        "onnxruntime",
        "onnxruntime: in this process; triton: a server that holds the one copy of the network",
        group="lipreader",
    )
    triton: Address = option("", "HOST:PORT of the Triton server's gRPC endpoint", group=_SERVER)
    triton_model: str = option(
        "", "its name there; empty: the bundle's recipe; of a decoder, with -decoder behind", group=_SERVER
    )
    triton_transport: TransportName = option("auto", "auto shares memory with a server of this host", group=_SERVER)

    def __post_init__(self) -> None:
        if self.beam_width < 0 or self.max_frames < 1:
            raise ValueError(
                f"beam_width {self.beam_width} and max_frames {self.max_frames} are 1 or more, or beam_width is 0"
            )
        if not (self.rescoring == AS_THE_BUNDLE_SAYS or 0 <= self.rescoring <= 1):
            raise ValueError(f"rescoring is {self.rescoring}: give 0 to 1, or -1 for what the bundle says")
        self.check_lm(self.beam_width)
        for name, names in (("backend", BackendName), ("triton_transport", TransportName)):
            if getattr(self, name) not in get_args(names):
                raise ValueError(f"{name} {getattr(self, name)!r} must be one of {', '.join(get_args(names))}")
        if self.triton:
            check_target(self.triton, "--triton")
        elif self.backend == "triton":
            raise ValueError("the triton backend needs the server's address: give --triton HOST:PORT")


def fingerprint(config: LipreadingConfig) -> Fingerprint:
    """All but where the bundle and the language model lie, whose digests are in `models_of`, as is what the bundle
    says of the search, and where its server listens.
    """
    decides: dict[str, Any] = {"beam_width": config.beam_width, "cropped": config.cropped}
    decides |= {"max_frames": config.max_frames}
    if config.rescoring != AS_THE_BUNDLE_SAYS:
        decides |= {"rescoring": config.rescoring}
    if config.lm:
        decides |= {"lm_weight": config.lm_weight, "lm_bonus": config.lm_bonus}
    if config.backend == "triton":
        # A server batches as it likes, and what it computes with is its own.
        return Fingerprint(decides | {"backend": config.backend}, libraries=("numpy", "opencv-contrib-python"))
    return Fingerprint(decides)


SPEC = StageSpec(
    name="lipreading",
    version=1,
    config=LipreadingConfig,
    reads=("frames", "landmarks"),
    writes=("lip_text",),
    artifacts={"lip_text": Transcript},
    libraries=("numpy", "onnxruntime", "opencv-contrib-python"),
    fingerprint=fingerprint,
    models=ByName("services.lipreading.bundle_files:models_of"),
    opens=ByName("services.lipreading.stage:open_stage"),
    rpc=ByName("services.lipreading.rpc"),
    metrics=(BATCH_ITEMS, IN_FLIGHT, REQUEST_SECONDS),
)
