"""The `train` entry point: ranks that torchrun has started train together, in a folder of checkpoints.

torchrun --nproc_per_node 2 -m services RECIPE train --data-root out --checkpoint-dir checkpoints

The ranks and their number are torchrun's. A rank that ends has it end the others; `--max-restarts` of torchrun, or the
same command again, goes on from the newest checkpoint, with any number of ranks. The losses are those of `visemill
train` with these settings.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta

import torch.distributed as dist

from services.base.digest import digest_of
from services.base.errors import EXIT_OK, BadConfig, Transient
from services.base.process import log, metrics
from services.base.run import paths
from services.base.run.passes import GangPass
from services.base.run.spec import RunSpec
from services.base.stage.config import add_config_flags, config_from_flags, with_dashes
from services.base.stage.recipe import RecipeSpec
from services.base.store.interface import NotThere, Store
from services.base.store.open import join_uri, open_store
from services.base.worker.pass_log import PassLog
from services.base.worker.rank import Rank, RankPlace

LOG = logging.getLogger(__name__)

RUN, PASS = "torchrun", "train"
_SETTINGS_FILE = f"{paths.pass_dir(RUN, PASS)}/settings.json"
_MEET_S = 120.0


def torchrun_main(recipe: RecipeSpec, argv: Sequence[str]) -> int:
    """Trains as one rank. Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(
        prog=f"torchrun -m services {recipe.name} train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--checkpoint-dir", required=True, help="a folder or s3://bucket/prefix for all that it makes")
    parser.add_argument(
        "--metrics-listen",
        default="",
        metavar="HOST:PORT",
        help="for Prometheus, of a node's first rank; empty: off",
    )
    add_config_flags(parser, recipe.config)
    # As trainers of PyTorch scripts spell them, too.
    flags = parser.parse_args([with_dashes(one) for one in argv])
    log.setup()
    config = config_from_flags(recipe.config, flags)
    environment = os.environ
    rank, world_size = _number(environment, "RANK"), _number(environment, "WORLD_SIZE")
    outputs = open_store(flags.checkpoint_dir)
    state = open_store(join_uri(outputs.uri, paths.STATE_DIR))
    _require_free(outputs)
    decides = recipe.fingerprint(config)
    digest = digest_of([recipe.name, recipe.version, decides.run_config or decides.key_config])
    gang = GangPass(PASS, recipe.name, world_size, digest, at_root=True)
    if rank == 0:
        _require_same(state, digest, outputs.uri)
    if not PassLog(state, RUN, PASS).read().is_done:
        place = _place(environment, rank, world_size, state)
        spec = RunSpec(RUN, recipe.name, digest, (), "", outputs.uri, 0, 0, "", {}, gangs=(gang,))
        bound = log.bound(run=RUN, gang=PASS, rank=rank, generation=place.generation)
        with bound, metrics.exposed("" if place.local_rank else flags.metrics_listen):
            recipe.train(config, Rank(spec, gang, place, state, outputs))
    if rank == 0:
        _publish(state, outputs, gang)
    return EXIT_OK


def _number(environment: Mapping[str, str], name: str) -> int:
    try:
        return int(environment[name])
    except (KeyError, ValueError) as error:
        raise BadConfig(
            "NO_TORCHRUN",
            f"{name} in the environment does not say where this rank stands ({error!r}): start it by torchrun, or "
            "train by `visemill train`",
        ) from error


def _require_free(outputs: Store) -> None:
    """Raises BadConfig OUTPUT_IN_USE."""
    try:
        run = json.loads(outputs.read(paths.CLAIM)).get("run")
    except NotThere:
        return
    raise BadConfig(
        "OUTPUT_IN_USE",
        f"{outputs.uri} is the output of run {run!r}: resume it by `visemill resume --output-root {outputs.uri}`, or "
        "give another --checkpoint-dir",
    )


def _require_same(state: Store, digest: str, uri: str) -> None:
    """Raises BadConfig OTHER_TRAINING."""
    if state.create(_SETTINGS_FILE, digest.encode()):
        return
    begun = state.read(_SETTINGS_FILE).decode()
    if begun != digest:
        raise BadConfig(
            "OTHER_TRAINING",
            f"{uri} holds a training of other settings ({begun[:16]}, not {digest[:16]}): give those that it began "
            "with, or another --checkpoint-dir",
        )


def _place(environment: Mapping[str, str], rank: int, world_size: int, state: Store) -> RankPlace:
    """Where rank 0 finds which generation is next, and tells the others through the store of torchrun."""
    address, port = environment.get("MASTER_ADDR", "127.0.0.1"), _number(environment, "MASTER_PORT")
    has_store = environment.get("TORCHELASTIC_USE_AGENT_STORE") == str(True)
    if world_size > 1 and not has_store:
        raise BadConfig(
            "NO_TORCHRUN",
            "TORCHELASTIC_USE_AGENT_STORE is not set, so that the ranks cannot meet: start them by torchrun with its "
            "own rendezvous",
        )
    key = f"generation/{environment.get('TORCHELASTIC_RESTART_COUNT', '0')}"
    generation = PassLog(state, RUN, PASS).read().generation + 1 if rank == 0 else 0
    if world_size > 1:
        try:
            store = dist.TCPStore(address, port, world_size, False, timedelta(seconds=_MEET_S), wait_for_workers=False)
            shared = dist.PrefixStore("visemill", store)
            if rank == 0:
                shared.set(key, str(generation))
            generation = int(shared.get(key))
        except RuntimeError as error:
            raise Transient("RANK_LOST", f"rank {rank} of {world_size} has not met the others: {error}") from error
    local_rank = min(rank, int(environment.get("LOCAL_RANK", "0")))
    num_here = int(environment.get("LOCAL_WORLD_SIZE", "0"))
    return RankPlace(
        rank, world_size, local_rank, address, port, generation, has_store=has_store, local_world_size=num_here
    )


def _publish(state: Store, outputs: Store, gang: GangPass) -> None:
    """Moves the result to where users look for it; done again where it was interrupted."""
    result = PassLog(state, RUN, PASS).read().result
    if result is None:
        return
    for name in result.outputs:
        staged = paths.staged_result(RUN, PASS, result.attempt, name)
        if outputs.stat(staged) is not None:
            outputs.move(staged, gang.result_file(name))
    LOG.info("the training is done: see best_model.pt in %s", outputs.uri)
