"""The child processes of a worker: one for its clips, and where a stage computes several together, one for that."""

from __future__ import annotations

from collections.abc import Callable

from services.base.sandbox.supervisor import PassChild, Stages
from services.base.worker.carrying import Carrier, Carrying, ClipByClip
from services.base.worker.windows import NetworkChild, SplitPass, WindowByWindow


class PassChildren:
    """What holds the opened stages of a pass."""

    def __init__(self, child_of: Callable[[Stages], PassChild], stages: Stages, split: SplitPass | None) -> None:
        """split: of a pass with a stage that computes several clips together."""
        self._split = split
        self._clips = child_of(stages if split is None else split.before)
        self._network = None if split is None else NetworkChild(child_of(split.own))

    def start(self) -> None:
        """Raises what opening the stages raises."""
        self._clips.start()
        if self._network is not None:
            self._network.start()

    def carrier(self, carrying: Carrying) -> Carrier:
        """Of the clips of a shard."""
        if self._split is None or self._network is None:
            return ClipByClip(carrying, self._clips)
        return WindowByWindow(carrying, self._clips, self._network, self._split)

    def close(self) -> None:
        self._clips.close()
        if self._network is not None:
            self._network.close()
