"""The `lm` entry point: a language model of characters, counted in the training texts of Chinese-LiPS, as an ARPA file.
Loads no torch, and no video.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from services.base.errors import BadConfig
from services.base.stage.config import add_config_flags, config_from_flags
from services.base.store.open import open_store
from services.formats.lips_clips import CLIPS_FILE, read_clips
from services.training.data.lips.table import TABLES, read_tables
from services.training.recipes.estimating import answer_lm
from services.training.recipes.lips.command_settings import LipsEstimateSettings


def lm_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services RECIPE lm", description=__doc__)
    add_config_flags(parser, LipsEstimateSettings)
    settings: LipsEstimateSettings = config_from_flags(LipsEstimateSettings, parser.parse_args(argv))
    texts = texts_of(settings.data_root) if settings.data_root else {"train": [], "val": []}
    return answer_lm(settings, texts["train"], texts["val"], "".join(sorted(set().union(*texts["train"]))))


def texts_of(data_root: str) -> Mapping[str, Sequence[str]]:
    """Of train and val: the texts of their clips, in the order of the tables. Clips that a training sets apart to
    validate on are among those of train. Raises BadConfig NO_TRAIN_CLIPS, CSV_COLUMNS; or as the stores do.
    """
    data = open_store(data_root, must_exist=True)
    found: dict[str, list[str]] = {"train": [], "val": []}
    if data.stat(CLIPS_FILE):
        for row in read_clips(data.read(CLIPS_FILE)):
            found.setdefault(row.split, []).append(row.text)
    else:
        tables, _ = read_tables(lambda name: data.read(name) if data.stat(name) else None)
        found |= {split: [row.text for row in rows if row.text] for split, rows in tables.items()}
    if not found["train"]:
        raise BadConfig(
            "NO_TRAIN_CLIPS",
            f"{data.uri} has no training text: give the folder that holds {TABLES['train']}, or the output of "
            "`visemill run lips`",
        )
    return found
