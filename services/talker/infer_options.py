"""PURE: what a film of a head may be told."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.errors import BadConfig
from services.base.stage.fields import Address, FileRef, option, stage_option
from services.lips.talker_input import AsrChoice
from services.talker.spec import HeadConfig

STANDARD_INPUT = "-"
"""In place of a file with sound."""


@dataclass(frozen=True)
class InferOptions:
    """Raises BadConfig BAD_FLAGS for what cannot be."""

    name: str = option("", "person who speaks, by the name of the folder below --dataset-dir", group="head")
    dataset_dir: FileRef = option("dataset", "base folder of persons, or the folder of one", group="head")
    audio_path: str = option(
        "",
        "what is said: a file with sound; -: standard input while it comes, a WAV or samples of 16 bits at 16 kHz",
        group="sound",
        metavar="FILE",
    )
    checkpoint: FileRef = option(
        "",
        "bundle that `visemill export talker-unet` wrote, or a file of a training, which takes torch (default: the "
        "last one of --checkpoint-dir)",
        group="head",
    )
    checkpoint_dir: FileRef = option("checkpoint", "results of a training", group="head", metavar="ROOT")
    asr: AsrChoice = option(
        "", "features that the head follows, of a file of the original's code, which does not say it", group="head"
    )
    out: str = option("", "film to write (default: NAME_SOUND.mp4 here)", group="film", metavar="FILE")
    start_frame: int = stage_option(HeadConfig, "start_frame", "number of the frame that is shown first", group="film")
    blend: str = stage_option(
        HeadConfig, "blend", "feather: the face passes into its frame; hard: the whole square, as the original has it",
        group="film", choices=("feather", "hard"),
    )  # fmt: skip
    silence: str = stage_option(
        HeadConfig, "silence", "hold: the mouth is still in silence of .4 s and more; keep: as the network paints it",
        group="film", choices=("hold", "keep"),
    )  # fmt: skip
    codec: str = stage_option(
        HeadConfig, "codec", "h264 with AAC, by libx264, which is under the GPL; vp9 with Opus", group="film",
        choices=("h264", "vp9"),
    )  # fmt: skip
    visible_mark: str = stage_option(
        HeadConfig, "visible_mark", "text in a corner of each frame, such as AI-generated", group="film", metavar="TEXT"
    )
    certificate: FileRef = option(
        "", "certificates, PEM, the signer's first: signs what the film says of itself (C2PA)", group="film"
    )
    certificate_key: FileRef = option("", "key of the first, PEM, without a password", group="film")
    consent: FileRef = option(
        "", "statement of who is shown, JSON or YAML, or a folder of such (default: that of the head's training)",
        group="head",
    )  # fmt: skip
    asr_weights: FileRef = option("", "weights of the head's features, as `run talker` takes them", group="sound")

    triton: Address = stage_option(
        HeadConfig, "triton", "Triton server that paints, and holds the network of the head's features", group="server"
    )
    triton_model: str = stage_option(
        HeadConfig, "triton_model", "name of the head there (default: that of the bundle's folder)", group="server"
    )

    def __post_init__(self) -> None:
        if not self.audio_path:
            raise BadConfig("BAD_FLAGS", "say what is said: --audio-path FILE")
        if self.audio_path == STANDARD_INPUT and (self.silence == "hold" or self.codec == "vp9"):
            raise BadConfig(
                "BAD_FLAGS",
                "what comes on standard input is spoken at once, with silence as it is and in H.264: leave --silence "
                "and --codec out, or give a file",
            )
        if bool(self.certificate) != bool(self.certificate_key):
            raise BadConfig("BAD_FLAGS", "--certificate and --certificate-key belong together: give both or neither")
        if self.audio_path == STANDARD_INPUT and (self.certificate or self.visible_mark):
            raise BadConfig(
                "BAD_FLAGS",
                "a film that plays while it is written is neither signed nor drawn into: leave --certificate and "
                "--visible-mark out, or give a file",
            )
        if not (self.name or self.dataset_dir):
            raise BadConfig("BAD_FLAGS", "say who speaks: --name NAME")
