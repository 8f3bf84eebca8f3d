"""What the stage is: bands and vectors in, an npz out."""

from dataclasses import dataclass

from services.base.stage.spec import ByName, StageSpec


@dataclass(frozen=True)
class FilesConfig:
    # Not read by what is computed: a clip of this name waits while the file is there, so that a test can kill it.
    hold: str = ""


SPEC = StageSpec(
    "voicefiles",
    1,
    FilesConfig,
    reads=("bands", "voices"),
    writes=("voicefile",),
    opens=ByName("voices.files.stage:open_stage"),
    writer=ByName("voices.files.writer:open_writer"),
)
