"""What the export of a lipreader, and reading a clip with one, may be told. Inert: it loads no torch."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.rpc.channel.targets import check_target
from services.base.stage.fields import Address, FileRef, option
from services.base.store.by_digest import is_uri
from services.lips.language_model.settings import LanguageModelSettings
from services.training.recipes.tested import BEST

_DATA, _MODEL = "data set", "lipreader"
BUNDLE, SERVER = "folder that `visemill export` wrote", "HOST:PORT of a server of LipreadingService"


def check_server(server: str) -> None:
    """Raises ValueError for what is no address; none is one."""
    if server:
        check_target(server, "--server")


@dataclass(frozen=True)
class InferSettings(LanguageModelSettings):
    """Of reading a clip. Raises ValueError for what cannot be."""

    video_path: str = option("", "clip to read", group=_DATA, metavar="FILE")
    ground_truth: str = option("", "the right text, to count the errors", group=_DATA)
    bundle: str = option("", f"{BUNDLE}, or its s3:// URI", group=_MODEL, metavar="FOLDER")
    server: Address = option("", f"{SERVER}, in place of a bundle", group=_MODEL)
    checkpoint_dir: FileRef = option(
        "", "results of a training, in place of a bundle: needs torch", group=_MODEL, metavar="ROOT"
    )
    beam_width: int = option(
        0, "prefixes that are kept; 1: the likeliest class at each step; 0: as the bundle says, else 20", group=_MODEL
    )
    cropped: bool = option(False, "the clip shows a mouth alone, of the bundle's size", group=_DATA)

    def __post_init__(self) -> None:
        if not self.video_path:
            raise ValueError("say what to read: --video-path FILE")
        if sum(map(bool, (self.bundle, self.server, self.checkpoint_dir))) != 1:
            raise ValueError("say who reads: --bundle FOLDER, --server HOST:PORT, or --checkpoint-dir ROOT")
        check_server(self.server)
        if self.server and (self.lm or self.beam_width):
            raise ValueError("--lm and --beam-width are the server's own: give them to `lipreading serve`")
        if self.beam_width < 0:
            raise ValueError(f"beam_width is {self.beam_width}: give 1 or more, or 0 for what the bundle says")
        self.check_lm(self.beam_width)


@dataclass(frozen=True)
class ExportSettings:
    """Of an export. Raises ValueError for what cannot be."""

    bundle: str = option(
        "", "folder to write, which is not there yet, or s3://bucket/prefix", group="output", metavar="FOLDER"
    )
    onnx: str = option("", "file to write the network alone to, which is not there yet", group="output", metavar="FILE")
    checkpoint_dir: FileRef = option("checkpoints", "results of a training", group=_MODEL, metavar="ROOT")
    checkpoint: FileRef = option(
        "", f"file to export, also weights as .safetensors (default: {BEST} of --checkpoint-dir)", group=_MODEL
    )
    data_root: FileRef = option(
        "",
        "records that it learnt from, whose meta.json tells how mouths are cropped (default: as config.yaml says)",
        group=_MODEL,
        metavar="ROOT",
    )
    mouth_profile: str = option("", "how mouths are cropped, where no meta.json tells it", group=_MODEL)

    def __post_init__(self) -> None:
        if not (self.bundle or self.onnx):
            raise ValueError("say where to: --bundle FOLDER, or --onnx FILE for the network alone")
        if is_uri(self.onnx):
            raise ValueError(f"--onnx {self.onnx} is a file of this machine: a store takes a --bundle")

    @property
    def file(self) -> str:
        """What is exported."""
        return self.checkpoint or f"{self.checkpoint_dir.rstrip('/')}/{BEST}"
