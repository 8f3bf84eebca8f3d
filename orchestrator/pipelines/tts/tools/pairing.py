"""`visemill pairs tts`: clips of a manifest beside prompts of their speakers."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from orchestrator.pipelines.commands import Outcome
from services.base.process.quantities import counted
from services.base.stage.fields import FileRef, option
from services.records.tts.pairs import Pairing, write_pairs


@dataclass(frozen=True)
class PairOptions:
    """The flags of the original by their names and defaults. Raises BadConfig BAD_FLAGS."""

    manifest: FileRef = option("", "JSON lines that a run or retokenize wrote", group="input")
    output_pairs: FileRef = option("", "manifest of pairs to write", group="output", aliases=("--output",))
    pairs_per_target: int = option(2, "prompts for each clip, of its speaker's other clips", group="output")
    max_pairs: int = option(0, "write so many of all, evenly apart; 0: all", group="output")
    min_text_len: int = option(1, "fewest text ids of a target", group="input")
    min_code_len: int = option(1, "fewest codes of a target", group="input")
    seed: int = option(2025, "of the choice of prompts", group="output")

    def __post_init__(self) -> None:
        self.pairing()

    def pairing(self) -> Pairing:
        """What is asked of the service."""
        return Pairing(
            self.manifest,
            self.output_pairs,
            self.pairs_per_target,
            self.max_pairs,
            self.min_text_len,
            self.min_code_len,
            self.seed,
        )


def pairs(options: PairOptions) -> Outcome:
    """Raises as `write_pairs`."""
    made = write_pairs(options.pairing())
    lines = [
        f"{options.output_pairs}: {counted(made.num_pairs, 'pair')} of {counted(made.num_targets, 'target')}, "
        f"{counted(made.num_clips, 'clip')}, {counted(made.num_speakers, 'speaker')}"
    ]
    if made.num_short:
        lines.append(f"{counted(made.num_short, 'clip')} too short to be a target")
    if made.num_left_out:
        lines.append(f"{counted(made.num_left_out, 'line')} left out: no clip with all features, or an id once more")
    if made.num_unnamed:
        lines.append(f"{counted(made.num_unnamed, 'clip')} without a speaker, paired as if they were one speaker's")
    if made.num_speakers_of_one_clip:
        more = made.num_speakers_of_one_clip - len(made.speakers_of_one_clip)
        names = ", ".join(made.speakers_of_one_clip) + (f" and {more} more" if more else "")
        lines.append(f"{counted(made.num_speakers_of_one_clip, 'speaker')} with one clip, and no pair: {names}")
    return Outcome({"output": options.output_pairs, **asdict(made)}, "\n".join(lines))
