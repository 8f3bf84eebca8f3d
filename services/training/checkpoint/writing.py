"""I/O: checkpoints written beside the training, at most one under way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from services.base.errors import BadConfig, Transient, VisemillError
from services.base.process import metrics
from services.training.checkpoint.file import encoded

LOG = logging.getLogger(__name__)

# Nobody else may commit: all other troubles of a store pass, and the checkpoint before counts until then.
_FATAL = "GENERATION_SUPERSEDED"


class CheckpointWriter:
    """Of rank 0. commit: (step, bytes) -> None, called in a thread of its own, one at a time."""

    def __init__(self, commit: Callable[[int, bytes], None]) -> None:
        self._commit = commit
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._under_way: Future[None] | None = None
        self.failure: Exception | None = None
        """Why the newest could not be written; None: it was."""

    @property
    def is_idle(self) -> bool:
        return self._under_way is None or self._under_way.done()

    def begin(self, step: int, fields: Mapping[str, Any], after: Callable[[], None]) -> None:
        """Waits for the one before, then begins this one. fields: as `contents` has copied them. after: called in the
        same thread once it is committed. Raises Transient GENERATION_SUPERSEDED, where a newer generation works on the
        training.
        """
        self.wait()
        self._under_way = self._thread.submit(self._write, step, fields, after)

    def wait(self) -> None:
        """Until none is under way. Raises as begin."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def close(self) -> None:
        """Waits, and raises nothing."""
        self._thread.shutdown(wait=True)

    def _write(self, step: int, fields: Mapping[str, Any], after: Callable[[], None]) -> None:
        try:
            self._commit(step, encoded(fields))
            metrics.TRAINING_SAVED.set_to_current_time()
            self.failure = None
            after()
        except (Transient, BadConfig, OSError) as error:
            if isinstance(error, VisemillError) and error.reason == _FATAL:
                raise
            self.failure = error
            LOG.warning(
                "the checkpoint of step %d could not be written, and training goes on; the one before counts: %s",
                *(step, error),
            )
