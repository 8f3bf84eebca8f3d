"""I/O: a rank of a training of talker-syncnet: its persons, and the loop."""

from __future__ import annotations

from services.base.worker.rank import Rank
from services.training.data.talker.opening import open_persons
from services.training.engine.loop import train
from services.training.recipes.talker_syncnet.pieces import talker_syncnet
from services.training.recipes.talker_syncnet.spec import SyncNetConfig


def train_rank(config: SyncNetConfig, rank: Rank) -> None:
    """The whole training of one rank. Raises as `open_persons` and `train`."""
    persons, fps = open_persons(config.data_root, config.chosen_names, config.asr, config.crop_px)
    train(talker_syncnet(config, persons, fps), config, rank)
