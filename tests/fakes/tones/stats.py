"""A command of the pipeline's own: how many wav files there are, and their bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.pipelines.commands import Outcome
from services.base.errors import BadConfig
from services.base.stage.fields import FileRef, option


@dataclass(frozen=True)
class StatsOptions:
    """Raises BadConfig BAD_FLAGS where no folder is named."""

    wav_dir: FileRef = option("", "folder of wav files", group="data set", aliases=("--data_root",))

    def __post_init__(self) -> None:
        if not self.wav_dir:
            raise BadConfig("BAD_FLAGS", "--wav-dir is empty: give the folder of the wav files")


def stats(options: StatsOptions) -> Outcome:
    sizes = [path.stat().st_size for path in Path(options.wav_dir).rglob("*.wav")]
    return Outcome({"files": len(sizes), "bytes": sum(sizes)})
