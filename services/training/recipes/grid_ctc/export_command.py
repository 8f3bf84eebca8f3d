"""The `export` entry point: a lipreader of grid-ctc as a bundle that needs no torch."""

from __future__ import annotations

from collections.abc import Sequence

from services.base.errors import BadConfig
from services.base.stage.config import config_from_mapping
from services.training.checkpoint.file import Checkpoint, load_weights
from services.training.lipreading.alphabet import Alphabet, alphabet_file
from services.training.recipes.ctc_graph import ctc_graphs
from services.training.recipes.exported import ExportSettings
from services.training.recipes.exporting import Exportable, run_export
from services.training.recipes.grid_ctc.pieces import Lipreader
from services.training.recipes.grid_ctc.spec import RECIPE, STEPS_PER_FRAME, GridCtcConfig

# What readers of GRID take a record's frames for.
_FPS = 25.0


def export_main(argv: Sequence[str]) -> int:
    """Raises as `run_export`."""
    return run_export(RECIPE.name, argv, _exportable)


def _exportable(settings: ExportSettings, checkpoint: Checkpoint) -> Exportable:
    facts, path = checkpoint.facts, settings.file
    if facts.get("recipe") != RECIPE.name:
        raise BadConfig("OTHER_RECIPE", f"{path} is of recipe {facts.get('recipe')!r}, not grid-ctc: give another file")
    try:
        config: GridCtcConfig = config_from_mapping(GridCtcConfig, {name: facts[name] for name in ("size", "encoder")})
        alphabet = Alphabet(facts["vocabulary"])
    except (KeyError, ValueError) as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"{path} does not say what it was made with: {error!r}") from error
    reader = Lipreader(config, alphabet)
    model = reader.network(config.seed).eval()
    load_weights(model, checkpoint.model)
    return Exportable(
        lambda height_px, width_px: ctc_graphs(reader, model, height_px, width_px),
        alphabet_file(alphabet),
        {"size": config.size, "encoder": config.encoder},
        _FPS,
        STEPS_PER_FRAME,
    )
