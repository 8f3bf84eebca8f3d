"""What the stage `headfilm` is: its settings. Inert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from services.base.rpc.channel.targets import check_target
from services.base.stage.fields import Address, FileRef, option
from services.base.stage.spec import ByName, Fingerprint, StageSpec

Blend = Literal["feather", "hard"]
Silence = Literal["hold", "keep"]
Codec = Literal["h264", "vp9"]
TransportName = Literal["auto", "grpc", "shared-memory"]

_HEAD, _FILM, _SERVER = "head", "film", "model server"
_LIBRARIES = ("av", "numpy", "opencv-contrib-python")
_DECIDE = ("start_frame", "blend", "silence", "codec", "visible_mark", "consent")


@dataclass(frozen=True)
class HeadConfig:
    """Settings of the stage. Raises ValueError for what cannot be."""

    bundle: FileRef = option("", "folder that `visemill export talker-unet` wrote", group=_HEAD, metavar="FOLDER")
    person: FileRef = option("", "folder of the person whose frames are shown", group=_HEAD, metavar="FOLDER")
    start_frame: int = option(0, "number of the frame that is shown first", group=_FILM)
    blend: Blend = option(
        "feather", "how the face is put into its frame; hard: the whole square, as the original has it", group=_FILM
    )
    silence: Silence = option(
        "keep", "hold: the mouth is still in silence of .4 s and more; keep: as the network paints it", group=_FILM
    )
    codec: Codec = option("h264", "h264 with AAC; vp9 with Opus, which no patent is asked for", group=_FILM)
    visible_mark: str = option(
        "", "text in a corner of each frame, such as AI-generated; empty: none", group=_FILM, metavar="TEXT"
    )
    consent: str = option("", "sha256 of the consent that the film names; empty: as the bundle says", group=_FILM)
    num_threads: int = option(0, "of the network; 0: a thread a core", group=_HEAD)
    triton: Address = option("", "HOST:PORT of a Triton server that paints; empty: in this process", group=_SERVER)
    triton_model: str = option("", "name of the head on that server; empty: that of the bundle's folder", group=_SERVER)
    triton_transport: TransportName = option("auto", "auto shares memory with a server of this host", group=_SERVER)

    def __post_init__(self) -> None:
        for name, what in (
            ("start_frame", "the number of the first frame"),
            ("num_threads", "a number of cores"),
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}: give {what}, 0 or more")
        if self.triton:
            check_target(self.triton, "--triton")
        elif self.triton_model:
            raise ValueError(f"triton_model {self.triton_model!r} is on a server: give its address, --triton HOST:PORT")
        for name, names in (
            ("blend", Blend), ("silence", Silence), ("codec", Codec), ("triton_transport", TransportName),
        ):  # fmt: skip
            if getattr(self, name) not in get_args(names):
                raise ValueError(f"{name} {getattr(self, name)!r} must be one of {', '.join(get_args(names))}")


def fingerprint(config: HeadConfig) -> Fingerprint:
    """All but where the bundle and the person lie, and which server paints."""
    key = {name: getattr(config, name) for name in _DECIDE}
    if config.triton:
        return Fingerprint({**key, "backend": "triton"}, libraries=_LIBRARIES)
    return Fingerprint(key)


SPEC = StageSpec(
    name="headfilm",
    version=1,
    config=HeadConfig,
    reads=("aligned_sound", "audio_features"),
    writes=("film",),
    libraries=(*_LIBRARIES, "onnxruntime"),
    fingerprint=fingerprint,
    models=ByName("services.talker.bundle_files:models_of"),
    opens=ByName("services.talker.stage:open_stage"),
    rpc=ByName("services.talker.live.rpc"),
)
