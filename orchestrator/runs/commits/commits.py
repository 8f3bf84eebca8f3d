"""I/O: the commits of one run, each read once for as long as listings show it unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.runs.commits.observe import RunState, observe, read_packed
from orchestrator.runs.commits.packed import PackedCommits
from services.base.run.spec import RunSpec
from services.base.store.interface import Store


class Commits:
    """What one process has read of them, for one thread. Holds about 500 bytes a shard and 60 a clip."""

    def __init__(self, spec: RunSpec, state: Store) -> None:
        self.spec = spec
        self.state = state
        self._versions: Mapping[int, str] = {}
        self._held: dict[int, bytes] = {}

    def look(self) -> RunState:
        """The run as its state root has it now; a commit that is gone or another is forgotten. Raises as observe."""
        observed = observe(self.state, self.spec.run)
        before, self._versions = self._versions, observed.versions
        self._held = {s: d for s, d in self._held.items() if s in before and before[s] == observed.versions.get(s)}
        return observed

    def read(self, shards: Iterable[int]) -> PackedCommits:
        """Their commits as of the last look, in order of shard. Raises NotThere, BadConfig BAD_DONE_FILE."""
        wanted = sorted(shards)
        unread = [shard for shard in wanted if shard not in self._held]
        self._held.update(zip(unread, read_packed(self.state, self.spec, unread), strict=True))
        return PackedCommits([self._held[shard] for shard in wanted])
