"""`python scripts/demo_train.py KNOWN.json [UNSEEN.json]`: whether a lipreader has learnt to read lips.

Each file is what `visemill test grid-ctc -o json` printed: of clips that were held out of the speakers it learnt from,
and of a speaker it has never seen. Prints some clips of both; the last line has the figures. Exit
code 1 where an error rate is over its bound, or is not below that of the best constant sentence by more than its
interval.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_KNOWN, MOST_UNSEEN = 0.15, 0.25
_NUM_EXAMPLES = 5


@dataclass(frozen=True)
class Judged:
    """A test and the error rate it must not exceed. constant, untrained: error rates of what stands beside it."""

    name: str
    most: float
    cer: float
    interval: tuple[float, float]
    constant: float
    untrained: float
    clips: int
    learnt_from: int

    @classmethod
    def of(cls, name: str, most: float, tested: Mapping[str, Any]) -> Judged:
        """tested: an object of `visemill test grid-ctc -o json`. Raises KeyError for another."""
        low, high = tested["cer_interval"]
        beside = tested["constant"]["cer"], tested["untrained"]["cer"]
        return cls(name, most, tested["cer"], (low, high), *beside, tested["clips"], tested["learnt_from"])

    def faults(self) -> list[str]:
        """Why it is not believed, or not good enough."""
        found = []
        if self.learnt_from:
            found.append(f"{self.name}: {self.learnt_from} of its clips were learnt from")
        if self.cer > self.most:
            found.append(f"{self.name}: CER {self.cer:.1%} is over {self.most:.0%}")
        if self.interval[1] >= self.constant:
            found.append(
                f"{self.name}: CER may be {self.interval[1]:.1%}, not below the constant sentence's {self.constant:.1%}"
            )
        return found

    def line(self) -> str:
        low, high = self.interval
        return (
            f"{self.name}: CER {self.cer:.1%} ({low:.1%} to {high:.1%}, {self.clips} clips; "
            f"constant sentence {self.constant:.1%}, untrained {self.untrained:.1%})"
        )


def control_faults(permuted: Mapping[str, Any] | None, shuffled: Mapping[str, Any] | None) -> list[str]:
    """Why a control of the training is not as it must be. permuted: a test on held-out clips of what learnt from
    transcripts of others; shuffled: of what learnt from the right ones, on clips whose frames stand in another order.
    """
    found = []
    if permuted is not None and permuted["cer_interval"][1] < permuted["constant"]["cer"]:
        found.append(
            f"permuted transcripts: CER {permuted['cer']:.1%} is below the constant sentence's "
            f"{permuted['constant']['cer']:.1%}, and nothing can have been learnt"
        )
    if shuffled is not None and shuffled["cer"] < shuffled["constant"]["cer"]:
        found.append(f"shuffled frames: CER {shuffled['cer']:.1%}, as if their order did not matter")
    return found


def _example(clip: Mapping[str, str]) -> str:
    return f"{clip['key']}: {clip['reference']!r} is read as {clip['hypothesis']!r}\n"


def main(argv: Sequence[str] | None = None) -> int:
    """0 where every test is within its bounds, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("known", type=Path)
    parser.add_argument("unseen", type=Path, nargs="?")
    parser.add_argument("--most-known", type=float, default=MOST_KNOWN, metavar="CER", help="default: %(default)s")
    parser.add_argument("--most-unseen", type=float, default=MOST_UNSEEN, metavar="CER", help="default: %(default)s")
    parser.add_argument("--permuted", type=Path, metavar="FILE", help="a test of a training on permuted transcripts")
    parser.add_argument("--shuffled", type=Path, metavar="FILE", help="a test on clips of shuffled frames")
    args = parser.parse_args(argv)
    asked = [("known speakers", args.most_known, args.known), ("unseen speaker", args.most_unseen, args.unseen)]
    judged = []
    for name, most, path in asked:
        if path is not None:
            tested = json.loads(path.read_text(encoding="utf-8"))
            judged.append(Judged.of(name, most, tested))
            sys.stdout.write(f"== {name}\n" + "".join(_example(clip) for clip in tested["transcripts"][:_NUM_EXAMPLES]))
    controls = {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name, path in (("permuted transcripts", args.permuted), ("shuffled frames", args.shuffled))
        if path is not None
    }
    for name, tested in controls.items():
        low, high = tested["cer_interval"]
        beside = f"{tested['clips']} clips; constant sentence {tested['constant']['cer']:.1%}"
        sys.stdout.write(f"control, {name}: CER {tested['cer']:.1%} ({low:.1%} to {high:.1%}, {beside})\n")
    faults = [fault for one in judged for fault in one.faults()]
    faults += control_faults(controls.get("permuted transcripts"), controls.get("shuffled frames"))
    for fault in faults:
        sys.stdout.write(f"NOT REACHED: {fault}\n")
    sys.stdout.write("; ".join(one.line() for one in judged) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
