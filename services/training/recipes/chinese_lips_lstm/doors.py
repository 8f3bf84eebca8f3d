"""The entry points of the recipe chinese-lips-lstm: those that any on Chinese-LiPS has, with its network."""

from __future__ import annotations

from collections.abc import Sequence

from services.base.worker.rank import Rank
from services.training.recipes.chinese_lips_lstm.pieces import chinese_lips
from services.training.recipes.chinese_lips_lstm.reader import Reader, config_of_facts
from services.training.recipes.chinese_lips_lstm.spec import RECIPE, ChineseLipsConfig
from services.training.recipes.lips.infer_door import run_infer
from services.training.recipes.lips.kind import LipsKind
from services.training.recipes.lips.opening import train_lips
from services.training.recipes.lips.scoring import run_test
from services.training.torchrun import torchrun_main

KIND = LipsKind(RECIPE, Reader, chinese_lips, config_of_facts)


def train_rank(config: ChineseLipsConfig, rank: Rank) -> None:
    """The whole training of one rank. Raises as `train_lips`."""
    train_lips(KIND, config, rank)


def train_main(argv: Sequence[str]) -> int:
    """The `train` entry point. Raises as `torchrun_main`."""
    return torchrun_main(RECIPE, argv)


def test_main(argv: Sequence[str]) -> int:
    """The `test` entry point. Raises as `run_test`."""
    return run_test(KIND, argv)


def infer_main(argv: Sequence[str]) -> int:
    """The `infer` entry point. Raises as `run_infer`."""
    return run_infer(KIND, argv)
