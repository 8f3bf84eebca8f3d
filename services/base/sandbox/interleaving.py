"""Two clips in one process: whose turn it is to compute, and what a clip has to say until it is asked for.

One thread carries both, a step at a time, so that one computes while the other waits, and nothing is shared in between.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, wait

from services.base.stage.clip_pass import Part, Pause
from services.base.stage.product import FilePart, PiecePart


class ClipInProgress:
    """A clip on its way through its pass. spent_s: CPU time of the thread, which is no time of the clip beside it.

    media_s, frames: how much of the clip has been decoded.
    """

    def __init__(self, key: str, steps: Generator[Part | Pause, None, None]) -> None:
        self.key = key
        self._steps = steps
        self._ready: deque[Part] = deque()
        self._error: BaseException | None = None
        self.pause = Pause()
        self.has_ended = False
        self.spent_s = 0.0
        self.media_s = 0.0
        self.frames = (0, 0)

    @property
    def is_full(self) -> bool:
        """Whether it has begun to give out files: they are kept nowhere, so it goes on when somebody takes them."""
        return bool(self._ready) and isinstance(self._ready[-1], FilePart | PiecePart)

    @property
    def can_go_on(self) -> bool:
        """Whether it would compute if it were let, and nobody asked for what it has to say."""
        return not self.has_ended and not self.is_full and self.pause.is_over

    def step(self) -> None:
        """Computes up to the next part or pause. What the pass raises is kept for `drain`, but for MemoryError."""
        began_s = time.thread_time()
        try:
            found = next(self._steps, None)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - raised where this clip is asked for
            self._error, found = error, None
        self.spent_s += time.thread_time() - began_s
        self.has_ended = found is None
        self.pause = found if isinstance(found, Pause) else Pause()
        self.media_s = max(self.media_s, self.pause.media_s)
        self.frames = max(self.frames, self.pause.frames)
        if found is not None and not isinstance(found, Pause):
            self._ready.append(found)

    def drain(self) -> Iterator[Part]:
        """Parts that were not given out yet, in order. Raises what has ended the clip, after them."""
        while self._ready:
            yield self._ready.popleft()
        if self._error is not None:
            raise self._error

    def drop(self) -> None:
        """Ends it half-way; what it holds open is closed."""
        self._steps.close()


def next_runnable(first: ClipInProgress, second: ClipInProgress | None) -> ClipInProgress:
    """Who computes next: the first wherever it can; the second only while it cannot. Waits while neither can."""
    clips = [first] if second is None or second.has_ended or second.is_full else [first, second]
    answers = [clip.pause.answer for clip in clips if clip.pause.answer is not None]
    if len(answers) == len(clips):
        wait(answers, return_when=FIRST_COMPLETED)
    return next(clip for clip in clips if clip.pause.is_over)
