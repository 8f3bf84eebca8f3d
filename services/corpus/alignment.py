"""An alignment of the demo corpus: rows of words and silences, and the `.align` file that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEP_TICKS = 250


@dataclass(frozen=True)
class Row:
    """A row of an alignment, in ticks of 25 kHz: a word, `sil` or `sp`."""

    start: int
    end: int
    token: str

    def __post_init__(self) -> None:
        if not (0 <= self.start < self.end and self.start % STEP_TICKS == self.end % STEP_TICKS == 0 and self.token):
            raise ValueError(f"a row needs 0 <= start < end in multiples of {STEP_TICKS}, and a token: {self!r}")


def align_text(rows: Sequence[Row]) -> bytes:
    """The `.align` file: `start end token` a line, as GRID has it."""
    return "".join(f"{row.start} {row.end} {row.token}\n" for row in rows).encode()
