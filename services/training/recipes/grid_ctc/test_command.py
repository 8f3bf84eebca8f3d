"""The `test` entry point: a lipreader that was trained reads the clips of a split, and its score is printed."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence

from services.base.errors import BadConfig
from services.base.process import log
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping
from services.training.checkpoint.content import bytes_of
from services.training.checkpoint.file import Checkpoint
from services.training.checkpoint.reading import read_checkpoint
from services.training.device import device_of
from services.training.lipreading.alphabet import alphabet_file
from services.training.recipes.grid_ctc.command_settings import TestSettings
from services.training.recipes.grid_ctc.scoring import looks, measured
from services.training.recipes.grid_ctc.spec import GridCtcConfig
from services.training.recipes.grid_ctc.training import open_data
from services.training.recipes.language_model import used_model
from services.training.recipes.testing import answer_test


def test_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services grid-ctc test", description=__doc__)
    add_config_flags(parser, TestSettings)
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the lines as its `text`")
    flags = parser.parse_args(argv)
    settings: TestSettings = config_from_flags(TestSettings, flags)
    if not flags.json:
        log.setup()
    device = device_of(settings.device)
    data = bytes_of(settings.file)
    checkpoint = read_checkpoint(settings.file, data)
    config = _config_of(checkpoint, settings)
    records = open_data(config, settings.data_root, settings.index_root)
    if checkpoint.facts.get("vocabulary") != records.alphabet.characters:
        raise BadConfig(
            "OTHER_VOCABULARY",
            f"the checkpoint tells {checkpoint.facts.get('vocabulary')!r} apart, and the records have "
            f"{records.alphabet.characters!r}: test it on records of its own alphabet",
        )
    fusion, of_model = used_model(settings, records.alphabet.characters)
    digests = {
        "checkpoint": hashlib.sha256(data).hexdigest(),
        "data": records.digest,
        "tokenizer": hashlib.sha256(alphabet_file(records.alphabet)).hexdigest(),
        **of_model,
    }
    found = measured(config, records, checkpoint.model, settings.split, digests, device, fusion)
    return answer_test(
        found,
        lambda chosen: looks(config, records, checkpoint.model, settings.split, chosen, device),
        settings,
        as_json=flags.json,
    )


def _config_of(checkpoint: Checkpoint, settings: TestSettings) -> GridCtcConfig:
    """Of the network that the checkpoint is of, and of the test. Raises BadConfig OTHER_RECIPE, CHECKPOINT_DAMAGED,
    BAD_SETTING.
    """
    facts, path = checkpoint.facts, settings.file
    if facts.get("recipe") != "grid-ctc":
        raise BadConfig("OTHER_RECIPE", f"{path} is of recipe {facts.get('recipe')!r}, not grid-ctc: give another file")
    try:
        values = {"val_share": float(facts["val_share"]), "seed": int(facts["seed"]), "size": facts["size"]}
        values |= {name: getattr(settings, name) for name in ("allow_leak", "max_bad_records", "beam_width")}
        return config_from_mapping(GridCtcConfig, {**values, "encoder": facts["encoder"]})
    except (KeyError, ValueError) as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"{path} does not say what it was made with: {error!r}") from error
