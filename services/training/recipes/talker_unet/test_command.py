"""The `test` entry point: a trained network paints what it has not seen, for its own sound and for another."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from services.base.errors import EXIT_OK, BadConfig
from services.base.process import log
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping
from services.training.checkpoint.content import bytes_of
from services.training.checkpoint.file import Checkpoint, load_weights
from services.training.checkpoint.reading import read_checkpoint
from services.training.data.talker.opening import open_persons
from services.training.data.talker.sync_data import Held, split_of
from services.training.device import device_of
from services.training.recipes.talker_unet.command_settings import UNetTestSettings
from services.training.recipes.talker_unet.pieces import new_network, painted
from services.training.recipes.talker_unet.spec import RECIPE, UNetConfig
from services.training.talker.paint_report import PaintTest, facts_of, lines_of


def test_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m services {RECIPE.name} test", description=__doc__)
    add_config_flags(parser, UNetTestSettings)
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the lines as its `text`")
    flags = parser.parse_args(argv)
    settings: UNetTestSettings = config_from_flags(UNetTestSettings, flags)
    if not flags.json:
        log.setup()
    checkpoint = read_checkpoint(settings.file, bytes_of(settings.file))
    config, asr_model = config_of(checkpoint, settings.file)
    scratch = Path(tempfile.gettempdir()) / "visemill-crops"
    persons, _ = open_persons(settings.data_root, settings.chosen_names, asr_model, config.crop_px, scratch)
    held = split_of(persons, config.seed).held
    if settings.whole:
        held = [Held(person, tuple(person.frames(range(person.num_frames)))) for person in persons]
    model = new_network(config, asr_model, config.seed)
    load_weights(model, checkpoint.model)
    model = model.to(device_of("auto")).eval()
    with torch.inference_mode():
        sums = tuple(painted(config, model, held, i) for i in range(len(held)))
    found = PaintTest(tuple(one.person.name for one in held), sums, settings.seed)
    text = "\n".join(lines_of(found))
    sys.stdout.write((json.dumps({**facts_of(found), "text": text}) if flags.json else text) + "\n")
    return EXIT_OK


def config_of(checkpoint: Checkpoint, path: str) -> tuple[UNetConfig, str]:
    """(settings of the network and of what it held out, model of the features).

    Raises BadConfig OTHER_RECIPE, CHECKPOINT_DAMAGED.
    """
    facts = checkpoint.facts
    if facts.get("recipe") != RECIPE.name:
        raise BadConfig(
            "OTHER_RECIPE", f"{path} is of recipe {facts.get('recipe')!r}, not {RECIPE.name}: give another file"
        )
    try:
        values = {"resolution": facts["resolution"], "width": float(facts["width"]), "seed": int(facts["seed"])}
        return config_from_mapping(UNetConfig, {**values, "mouth_weight": float(facts["mouth_weight"])}), facts["asr"]
    except (KeyError, ValueError) as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"{path} does not say what it was made with: {error!r}") from error
