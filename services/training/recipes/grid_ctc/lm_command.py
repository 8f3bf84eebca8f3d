"""The `lm` entry point: a language model of characters, counted in the texts of training clips or of a file, as an ARPA
file. Loads no torch.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence

from services.base.stage.config import add_config_flags, config_from_flags
from services.training.data.clips import GridClips
from services.training.data.grid import GridData, GridSettings, open_grid
from services.training.data.records.opening import RecordsSettings
from services.training.recipes.estimating import answer_lm
from services.training.recipes.grid_ctc.command_settings import EstimateSettings
from services.training.recipes.grid_ctc.spec import STEPS_PER_FRAME

# As in stats_command: what cannot be read costs nothing here but its text.
_ANY_NUMBER = 1 << 40


def lm_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services grid-ctc lm", description=__doc__)
    add_config_flags(parser, EstimateSettings)
    settings: EstimateSettings = config_from_flags(EstimateSettings, parser.parse_args(argv))
    logging.getLogger("visemill").addHandler(logging.NullHandler())
    if not settings.data_root:
        return answer_lm(settings, (), (), "")
    data = _opened(settings)
    return answer_lm(settings, _texts_of(data.train), _texts_of(data.val), data.alphabet.characters)


def _opened(settings: EstimateSettings) -> GridData:
    return open_grid(
        GridSettings(
            settings.data_root,
            RecordsSettings(settings.index_root, cache_mib=0, max_failures=_ANY_NUMBER),
            val_share=settings.val_share,
            seed=settings.seed,
            allow_leak=True,
            steps_per_frame=STEPS_PER_FRAME,
        )
    )


def _texts_of(clips: GridClips) -> list[str]:
    return [clips.text_of(i) for i in range(len(clips.items))]
