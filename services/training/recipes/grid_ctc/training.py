"""I/O: a rank of a training of grid-ctc."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from services.base.worker.rank import Rank
from services.training.data.grid import GridData, GridSettings, open_grid
from services.training.data.records.opening import RecordsSettings
from services.training.device import device_of
from services.training.engine.loop import train
from services.training.recipes.grid_ctc.pieces import few_steps, grid_ctc
from services.training.recipes.grid_ctc.spec import RECIPE, STEPS_PER_FRAME, GridCtcConfig
from services.training.torchrun import torchrun_main

_LOG = logging.getLogger(__name__)


def train_rank(config: GridCtcConfig, rank: Rank) -> None:
    """The whole training of one rank. Raises as `device_of`, `open_grid` and `train`."""
    # Said before the records are read, which may take an hour.
    device_of(config.device, rank.place.local_rank)
    outputs = rank.spec.output_root
    # Of two ranks that find no index, each would read the whole data set.
    makes_index = rank.place.rank == 0
    data = open_data(config, config.data_root or outputs, f"{outputs}/.visemill", makes_index=makes_index)
    few = few_steps(config, [item.cost for item in data.train.items])
    if few and makes_index:
        _LOG.warning("%s", few)
    train(grid_ctc(config, data), config, rank)


def train_main(argv: Sequence[str]) -> int:
    """The `train` entry point. Raises as `torchrun_main`."""
    return torchrun_main(RECIPE, argv)


def open_data(config: GridCtcConfig, data_root: str, state_root: str, *, makes_index: bool = True) -> GridData:
    """The records of data_root, whose index is kept below state_root. makes_index: of one rank; the others wait for it.
    Raises as `open_grid`.
    """
    data = open_grid(
        GridSettings(
            data_root,
            RecordsSettings(
                state_root,
                cache_mib=config.cache_mib,
                max_failures=config.max_bad_records,
                makes_index=makes_index,
            ),
            val_share=config.val_share,
            seed=config.seed,
            allow_leak=config.allow_leak,
            steps_per_frame=STEPS_PER_FRAME,
        )
    )
    for clip in data.left_out:
        _LOG.warning("%s is left out: %s (%s)", clip.key, clip.reason, clip.message)
    return data
