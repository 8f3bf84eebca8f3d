"""The `test` entry point: a trained network paints what it has not seen, for its own sound and for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.training.data.talker.sync_data import Held
from services.training.recipes.talker.command_settings import TalkerTestSettings
from services.training.recipes.talker.recognised import recognised_unet
from services.training.recipes.talker.trained import Trained
from services.training.recipes.talker_unet.pieces import new_network, painted
from services.training.recipes.talker_unet.spec import RECIPE, UNetConfig
from services.training.talker.networks.unet import UNet
from services.training.talker.paint_report import PaintTest, facts_of, lines_of

TRAINED = Trained(RECIPE, UNetConfig, new_network, recognised_unet, "mouth_weight")


def test_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    return TRAINED.test(argv, __doc__, _found)


def _found(
    config: UNetConfig, model: UNet, held: Sequence[Held], settings: TalkerTestSettings
) -> tuple[Mapping[str, Any], Sequence[str]]:
    sums = tuple(painted(config, model, held, i) for i in range(len(held)))
    found = PaintTest(tuple(one.person.name for one in held), sums, settings.seed)
    return facts_of(found), lines_of(found)
