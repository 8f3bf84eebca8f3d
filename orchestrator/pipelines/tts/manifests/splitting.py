"""`visemill split tts`: other clips in val, by another share or number; nothing is computed."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.tts.splits import check_split, split_notes, val_ids
from services.base.errors import BadConfig
from services.base.stage.fields import FileRef, option
from services.records.tts.resplit import resplit


@dataclass(frozen=True)
class SplitOptions:
    """Raises BadConfig BAD_FLAGS where no output is named, BAD_SPLIT."""

    output_dir: FileRef = option(
        "", "folder of the manifests: the output of a run, or s3://bucket/prefix", group="output", metavar="FOLDER"
    )
    val_ratio: float = option(0.01, "share of clips that go to val, by the hash of their ids", group="data set")
    val_count: int = option(0, "how many clips go to val, instead of a share; 0: --val-ratio", group="data set")

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise BadConfig("BAD_FLAGS", "--output-dir is empty: give the output of a run")
        check_split(self.val_ratio, self.val_count)


def split(options: SplitOptions) -> Outcome:
    """Raises BadConfig ROOT_MISSING, NO_MANIFEST, BAD_MANIFEST, BAD_STATS."""
    ratio, count = options.val_ratio, options.val_count
    made = resplit(options.output_dir, lambda ids: val_ids(ids, ratio, count))
    groups = ("speaker", made.speakers), ("language", made.languages)
    notes = split_notes(made.in_val, ratio, count, groups=groups)
    data = {"train": made.num_train, "val": made.num_val, "moved": made.num_moved, "notes": notes}
    text = f"{made.num_train} clips in train, {made.num_val} in val; {made.num_moved} are in the other manifest now"
    return Outcome(data, "\n".join([*(f"note: {note}" for note in notes), text]))
