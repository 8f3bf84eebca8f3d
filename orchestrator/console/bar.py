"""One line of progress for a terminal, by rich: what fits into its width, the most telling parts first.

Imported only where standard error is a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.text import Text

_GAP = "  "
_LEAST_BAR, _MOST_BAR, _LEAST_NOTE = 8, 40, 12


class Bar:
    """Draws on the line where the cursor is, and leaves the cursor there: whatever ends the process, the terminal is as
    it was. Nothing is hidden or redirected.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._console = Console(file=stream, force_terminal=True, highlight=False, soft_wrap=True)
        self._shown = False

    def draw(self, columns: int, share: float, parts: Sequence[tuple[str, int, str]], note: str) -> None:
        """columns: of the terminal. share: of the bar, 0 to 1. parts: as for `fitted`."""
        # The last column is left free: a line that fills it is wrapped by some terminals.
        bar, chosen = fitted(columns - 1, parts, note)
        with self._console.capture() as line:
            if bar:
                self._console.print(ProgressBar(1.0, min(max(share, 0.0), 1.0), width=bar), end="")
            pieces = [Text(text, style) for text, style in chosen]
            self._console.print(Text(_GAP if bar else ""), Text(_GAP).join(pieces), sep="", end="")
        self._stream.write(f"\r\x1b[2K{line.get()}")
        self._stream.flush()
        self._shown = True

    def clear(self) -> None:
        if self._shown:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._shown = False


def fitted(width: int, parts: Sequence[tuple[str, int, str]], note: str) -> tuple[int, list[tuple[str, str]]]:
    """(columns of the bar, the parts that fit with their styles, in their order), cut at width.

    parts: (text, rank, style), the rank 0 first; the bar is worth less than rank 1 and more than rank 2, and takes what
    the parts leave. The note comes last and is cut.
    """
    chosen: set[int] = set()
    used = 0
    bar = 0
    for rank in range(max((rank for _, rank, _ in parts), default=0) + 1):
        for i, (text, own, _) in enumerate(parts):
            room = width - used - (len(_GAP) if used else 0)
            if own == rank and text and (len(text) <= room or not used):
                used += len(text) + (len(_GAP) if used else 0)
                chosen.add(i)
        if rank == 1 and width - used >= _LEAST_BAR + len(_GAP):
            bar = _LEAST_BAR
            used += bar + len(_GAP)
    lines = [(text, style) for i, (text, _, style) in enumerate(parts) if i in chosen]
    if bar:
        more = min(_MOST_BAR - bar, (width - used) // 2 if note else width - used)
        bar, used = bar + max(0, more), used + max(0, more)
    room = width - used - len(_GAP)
    if note and room >= min(len(note), _LEAST_NOTE):
        lines.append((note if len(note) <= room else f"{note[: room - 1]}…", "dim"))
    return bar, [(text[:width], style) for text, style in lines]
