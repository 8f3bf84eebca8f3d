"""The child processes of a worker: one for its clips; where a stage computes several together, one for that
stage, and one or more that decode for it.
"""

from __future__ import annotations

from collections.abc import Callable

from services.base.sandbox.supervisor import PassChild, Stages
from services.base.worker.carrying import Carrier, Carrying, ClipByClip
from services.base.worker.windows import ChildInThread, Decoders, SplitPass, WindowByWindow


class PassChildren:
    """What holds the opened stages of a pass."""

    def __init__(
        self, child_of: Callable[[Stages], PassChild], stages: Stages, split: SplitPass | None, num_decoders: int = 0
    ) -> None:
        """split: of a pass with a stage that computes several clips together. num_decoders: children for the stages
        before it; 0: as many as it asks for.
        """
        self._split = split
        self._clips: PassChild | None = None
        if split is None:
            self._clips = child_of(stages)
            return
        num_decoders = num_decoders or split.window.num_decoders
        self._decoders = Decoders([ChildInThread(child_of(split.before), f"decoder-{i}") for i in range(num_decoders)])
        self._network = ChildInThread(child_of(split.own), "network")

    def start(self) -> None:
        """Raises what opening the stages raises."""
        if self._clips is not None:
            self._clips.start()
            return
        self._decoders.start()
        self._network.start()

    def carrier(self, carrying: Carrying) -> Carrier:
        """Of the clips of a shard."""
        if self._clips is not None or self._split is None:
            assert self._clips is not None
            return ClipByClip(carrying, self._clips)
        return WindowByWindow(carrying, self._decoders, self._network, self._split)

    def close(self) -> None:
        if self._clips is not None:
            self._clips.close()
            return
        self._decoders.close()
        self._network.close()
