"""I/O: what a rank of a gang pass has logged since one last looked, for whoever waits for it."""

from __future__ import annotations

import json
from pathlib import Path

_MOST_BYTES = 1 << 20
# What is logged at these levels is for people.
_LEVELS = ("info", "warning", "error", "critical")


class LogLines:
    """Messages of a file of JSON lines, from its end on when this is made. A file that is not there has none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0
        self._rest = b""

    def new(self) -> list[str]:
        """In order. What is no JSON line with a level and a message, such as a traceback, is passed over."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_MOST_BYTES)
        except OSError:
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [message for line in lines if (message := _message(line))]


def _message(line: bytes) -> str:
    try:
        fields = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(fields, dict) or fields.get("level") not in _LEVELS:
        return ""
    return str(fields.get("message", ""))
