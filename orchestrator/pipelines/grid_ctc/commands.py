"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb
from orchestrator.pipelines.training.help import TRAINING_HELP
from orchestrator.pipelines.training.verbs import TRAIN, verb_of

_ENTRY_POINTS = "orchestrator.pipelines.grid_ctc.entry_points"

COMMANDS = PipelineCommands(
    shared=("plan", "pin"),
    own=(
        TRAIN,
        verb_of("test", _ENTRY_POINTS, "services.training.recipes.grid_ctc.command_settings:TestSettings"),
        verb_of("stats", _ENTRY_POINTS, "services.training.recipes.grid_ctc.command_settings:StatsSettings"),
        Verb(
            "lm",
            "count a language model of characters in texts, for `test` and `infer`",
            options="services.training.recipes.grid_ctc.command_settings:EstimateSettings",
            calls=f"{_ENTRY_POINTS}:lm",
        ),
        verb_of("export", _ENTRY_POINTS, "services.training.recipes.exported:ExportSettings"),
        verb_of("infer", _ENTRY_POINTS, "services.training.recipes.exported:InferSettings"),
        verb_of("inference", _ENTRY_POINTS, "services.training.recipes.exported:InferSettings"),
    ),
    presets="orchestrator.pipelines.grid_ctc.presets:PRESETS",
    told=TRAINING_HELP,
)
