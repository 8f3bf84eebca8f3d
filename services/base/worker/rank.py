"""The `rank` entry point: one rank of a gang pass of a pinned run, in a process of its own.

Where it stands comes from its environment, the same here and in a pod of a gang Job: RANK, WORLD_SIZE, LOCAL_RANK,
MASTER_ADDR and MASTER_PORT, as of torchrun, and VISEMILL_GENERATION. Exits as any worker does.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.base.errors import EXIT_OK, BadConfig, Transient
from services.base.process import log, metrics
from services.base.run.passes import GangPass
from services.base.run.spec import RunSpec
from services.base.stage.config import config_from_mapping
from services.base.stage.recipe import RecipeSpec
from services.base.store.interface import Store, Upload
from services.base.store.open import open_store
from services.base.worker.fingerprint import identity_of
from services.base.worker.pass_log import GangWriter, PassLog, read_checkpoint, restored
from services.base.worker.pinned_run import read_spec, require_same
from services.base.worker.ranks import MASTER_FD

LOG = logging.getLogger(__name__)

_POLL_S = 0.2
# Rank 0 may wait for its node, and for its image to be loaded.
_BEGIN_LIMIT_S = 600.0


@dataclass(frozen=True)
class RankPlace:
    """Where a rank stands in its gang.

    rank: 0 to world_size - 1. local_rank: among those of its pod. master_address, master_port: of rank 0, where the
    ranks meet. master_fd: of a socket that listens there already, which rank 0 has inherited; None: it opens its own.
    generation: counts from 1; only the newest commits. has_store: whether a store of torch serves at that address
    already, as under torchrun. local_world_size: ranks of its pod, which share its cores; 0: all ranks are there.
    """

    rank: int
    world_size: int
    local_rank: int
    master_address: str
    master_port: int
    generation: int
    master_fd: int | None = None
    has_store: bool = False
    local_world_size: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world_size or not 0 <= self.local_rank <= self.rank or self.generation < 1:
            raise ValueError(
                f"rank {self.rank} of {self.world_size}, {self.local_rank} of its pod, generation {self.generation}: "
                "ranks count from 0 and generations from 1"
            )


def place_of(environment: Mapping[str, str]) -> RankPlace:
    """Raises BadConfig BAD_RANK."""
    try:
        descriptor = environment.get(MASTER_FD)
        return RankPlace(
            rank=int(environment["RANK"]),
            world_size=int(environment["WORLD_SIZE"]),
            local_rank=int(environment["LOCAL_RANK"]),
            master_address=environment["MASTER_ADDR"],
            master_port=int(environment["MASTER_PORT"]),
            generation=int(environment["VISEMILL_GENERATION"]),
            master_fd=int(descriptor) if descriptor else None,
            local_world_size=int(environment.get("LOCAL_WORLD_SIZE", "0")),
        )
    except (KeyError, ValueError) as error:
        raise BadConfig(
            "BAD_RANK", f"the environment does not say where this rank stands ({error}): start it by `visemill run`"
        ) from error


class Rank:
    """What a recipe is given. spec: of the run. gang: its pass. place: where this rank stands.

    outputs: the output root, where the files of the passes before are published. Use from one thread.
    """

    def __init__(self, spec: RunSpec, gang: GangPass, place: RankPlace, state: Store, outputs: Store) -> None:
        """On rank 0 it begins the generation. Raises Transient GENERATION_SUPERSEDED."""
        self.spec, self.gang, self.place, self.outputs = spec, gang, place, outputs
        self._state = state
        self._log = PassLog(state, spec.run, gang.name)
        self._writer: GangWriter | None = None
        if place.rank == 0:
            self._writer = GangWriter(state, outputs, spec.run, gang.name, place.generation, place.world_size)

    @property
    def writer(self) -> GangWriter:
        """What rank 0 commits with. Raises ValueError on any other."""
        if self._writer is None:
            raise ValueError(f"rank {self.place.rank} commits nothing: rank 0 does")
        return self._writer

    def restore(self) -> tuple[int, bytes] | None:
        """(step, data) of the checkpoint that the generation goes on from, the same for every rank: the newest that is
        whole; None where there is none.

        Raises BadConfig BAD_CHECKPOINT; Transient GENERATION_SUPERSEDED, RANK_0_MISSING.
        """
        # Rank 0 has begun it, and may have committed more since.
        number, until_s = self.place.generation, time.monotonic() + _BEGIN_LIMIT_S
        while True:
            seen = self._log.read()
            begun = seen.begun_as(number)
            if begun is not None:
                return restored(self._state, self._log, begun)
            if seen.generation > number:
                raise Transient("GENERATION_SUPERSEDED", f"generation {seen.generation} has begun; {number} ends here")
            if time.monotonic() > until_s:
                raise Transient("RANK_0_MISSING", f"rank 0 has not begun generation {number}: see its log")
            time.sleep(_POLL_S)

    def checkpoint(self, step: int, data: bytes) -> None:
        """Of rank 0. Raises Transient GENERATION_SUPERSEDED."""
        self.writer.checkpoint(step, data)

    def measured(self, lines: bytes) -> None:
        """Of rank 0, after a checkpoint: all that was measured up to it, a JSON object of numbers a line. Raises
        Transient.
        """
        self.writer.measured(lines)

    def checkpoint_steps(self) -> tuple[int, ...]:
        """Of all that were committed, in order."""
        return tuple(entry.step for entry in self._log.read().checkpoints)

    def read_checkpoint(self, step: int) -> bytes | None:
        """What was committed at that step; None where that is not there any more, or not whole."""
        return read_checkpoint(self._state, self._log, step)

    def keep_checkpoints(self, steps: Collection[int]) -> None:
        """Of rank 0: deletes what was committed at all other steps. Keep the newest. Raises Transient."""
        self.writer.keep_checkpoints(steps)

    def output(self, name: str) -> Upload:
        """Of rank 0: a file of the result. Write and commit it before `finish`."""
        return self.writer.output(name)

    def finish(self, step: int) -> None:
        """Of rank 0: commits the result. Raises Transient GENERATION_SUPERSEDED."""
        self.writer.finish(step)

    def result_of(self, pass_name: str) -> dict[str, str]:
        """Of a gang pass before this one: name of each file of its result -> where it lies below `outputs`.

        Raises BadConfig NO_PASS for a pass that this one does not come after.
        """
        if pass_name not in self.gang.after:
            raise BadConfig(
                "NO_PASS", f"pass {self.gang.name} does not come after {pass_name!r}, but after {self.gang.after}"
            )
        gang = self.spec.gang(pass_name)
        result = PassLog(self._state, self.spec.run, pass_name).read().result
        return {name: gang.result_file(name) for name in (result.outputs if result else ())}


def rank_main(recipe: RecipeSpec, argv: Sequence[str]) -> int:
    """Runs one rank. Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m services {recipe.name} rank", description=__doc__)
    parser.add_argument(
        "--state-root", required=True, help="where the run's truth lies: a folder or s3://bucket/prefix"
    )
    parser.add_argument("--run", required=True, help="name of the run below the state root")
    parser.add_argument("--pass", dest="pass_name", required=True, metavar="PASS", help="gang pass of the run")
    parser.add_argument(
        "--metrics-listen",
        default="",
        metavar="HOST:PORT",
        help="for Prometheus, of a pod's first rank; empty: off",
    )
    flags = parser.parse_args(argv)
    log.setup()
    state = open_store(flags.state_root)
    spec = read_spec(state, flags.run)
    gang = spec.gang(flags.pass_name)
    if gang.recipe != recipe.name:
        raise BadConfig("OTHER_RECIPE", f"pass {gang.name} is of recipe {gang.recipe}, not {recipe.name}")
    config = config_from_mapping(recipe.config, gang.config)
    identity = identity_of(recipe, config)
    require_same("model", gang.models, identity.models)
    require_same("library", gang.libraries, identity.libraries)
    place = place_of(os.environ)
    if place.world_size != gang.num_ranks and not recipe.any_num_ranks:
        raise BadConfig("BAD_RANK", f"WORLD_SIZE is {place.world_size}, and {gang.name} has {gang.num_ranks} ranks")
    bound = log.bound(run=spec.run, gang=gang.name, rank=place.rank, generation=place.generation)
    # The ranks of a pod share its address.
    with bound, metrics.exposed("" if place.local_rank else flags.metrics_listen):
        rank = Rank(spec, gang, place, state, open_store(spec.output_root))
        LOG.info("rank %d of %d begins", place.rank, place.world_size)
        recipe.train(config, rank)
    return EXIT_OK
