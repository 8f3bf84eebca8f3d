"""What a child says on standard error: the last lines are kept, the warnings of its log go into ours."""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
import os
import subprocess
import sys
import threading
from collections import deque

from services.base.process import log

_NUM_LINES = 20
# Somebody who inherited the pipe may hold it open.
_LAST_WORDS_S = 1.0


class StderrTail:
    """One process's standard error. context: that of the clip at work, whose bound log fields its warnings carry."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.context = contextvars.copy_context()
        self._process = process
        self._lines: deque[str] = deque(maxlen=_NUM_LINES)
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def tail(self, *, wait: bool) -> str:
        """The last lines. wait: until the last of it is in, for a process that has ended."""
        if wait:
            self._thread.join(_LAST_WORDS_S)
        return "\n".join(list(self._lines))

    def _drain(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        with contextlib.suppress(ValueError, OSError), stream:
            for line in stream:
                self._hear(line.decode(errors="replace").rstrip())
        if os.environ.get("VISEMILL_CHILD_STDERR"):
            sys.stderr.write(json.dumps({"child": self._process.pid, "lines": list(self._lines)}) + "\n")

    def _hear(self, text: str) -> None:
        record = log.warned(text)
        if record is not None:
            text = record.getMessage()
            # A copy: the child's successor may be heard at the same time.
            self.context.copy().run(logging.getLogger(record.name).handle, record)
        if text:
            self._lines.append(text[:500])
