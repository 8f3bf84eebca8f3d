"""The `stats` entry point: what a data set holds, as one JSON object. Loads no torch."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence

from services.base.errors import EXIT_OK, BadConfig
from services.base.stage.config import add_config_flags, config_from_flags
from services.base.store.interface import NotThere
from services.base.store.open import open_store
from services.training.data.grid import GridSettings, open_grid
from services.training.data.inventory import inventory_of, lines_of
from services.training.data.records.opening import RecordsSettings
from services.training.recipes.grid_ctc.command_settings import StatsSettings
from services.training.recipes.grid_ctc.spec import STEPS_PER_FRAME

_QUALITY = "quality.jsonl"
# A look refuses nothing for what it is there to tell.
_ANY_NUMBER = 1 << 40


def stats_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services grid-ctc stats", description=__doc__)
    add_config_flags(parser, StatsSettings)
    settings: StatsSettings = config_from_flags(StatsSettings, parser.parse_args(argv))
    # They are among what is printed.
    logging.getLogger("visemill").addHandler(logging.NullHandler())
    data = open_grid(
        GridSettings(
            settings.data_root,
            RecordsSettings(settings.index_root, cache_mib=0, max_failures=_ANY_NUMBER),
            val_share=settings.val_share,
            seed=settings.seed,
            allow_leak=True,
            steps_per_frame=STEPS_PER_FRAME,
        )
    )
    try:
        quality: bytes | None = open_store(settings.data_root, must_exist=True).read(_QUALITY)
    except NotThere:
        quality = None
    try:
        found = inventory_of(data, quality)
    except (ValueError, KeyError, TypeError) as error:
        raise BadConfig(
            "BAD_QUALITY", f"{_QUALITY} in {settings.data_root} cannot be read ({error!r}): restore or delete it"
        ) from error
    sys.stdout.write(json.dumps({**found, "text": "\n".join(lines_of(found))}) + "\n")
    return EXIT_OK
