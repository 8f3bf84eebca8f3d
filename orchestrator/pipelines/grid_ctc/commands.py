"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb
from orchestrator.pipelines.training.help import TRAINING_HELP
from orchestrator.pipelines.training.verbs import TRAIN, verb_of

_DOORS = "orchestrator.pipelines.grid_ctc.doors"

COMMANDS = PipelineCommands(
    shared=("plan", "pin"),
    own=(
        TRAIN,
        verb_of("test", _DOORS, "services.training.recipes.grid_ctc.door_settings:TestSettings"),
        verb_of("stats", _DOORS, "services.training.recipes.grid_ctc.door_settings:StatsSettings"),
        Verb(
            "lm",
            "count a language model of characters in texts, for `test` and `infer`",
            options="services.training.recipes.grid_ctc.door_settings:EstimateSettings",
            calls=f"{_DOORS}:lm",
        ),
        verb_of("export", _DOORS, "services.training.recipes.exported:ExportSettings"),
        verb_of("infer", _DOORS, "services.training.recipes.exported:InferSettings"),
        verb_of("inference", _DOORS, "services.training.recipes.exported:InferSettings"),
    ),
    presets="orchestrator.pipelines.grid_ctc.presets:PRESETS",
    told=TRAINING_HELP,
)
