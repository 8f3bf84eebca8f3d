"""`visemill unpack tts`: the features in an output's Arrow files as the npy files that its manifests name."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from orchestrator.pipelines.commands import Outcome
from services.base.errors import BadConfig
from services.base.stage.fields import FileRef, option
from services.base.stage.spec import ByName

# Imported when it is called: the command line loads no pyarrow for its help.
_UNPACK = ByName("services.records.tts.unpack:unpack_at")


@dataclass(frozen=True)
class UnpackOptions:
    """Raises BadConfig BAD_FLAGS where no output is named."""

    output_dir: FileRef = option(
        "", "output of a run with --storage arrow: a folder, or s3://bucket/prefix", group="output", metavar="FOLDER"
    )
    to: FileRef = option("", "where the npy files go (default: the output itself)", group="output", metavar="FOLDER")
    overwrite: bool = option(False, "replace files that hold something else", group="output")

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise BadConfig("BAD_FLAGS", "--output-dir is empty: give the output of a run with --storage arrow")


def unpack(options: UnpackOptions) -> Outcome:
    """Raises BadConfig NO_ARROW, FILES_DIFFER, ROOT_MISSING; BadInput BAD_ARROW."""
    made = _UNPACK.resolve()(options.output_dir, options.to, overwrite=options.overwrite)
    text = f"{made.num_clips} clips: {made.num_written} files written, {made.num_kept} were there already"
    return Outcome(asdict(made), text)
