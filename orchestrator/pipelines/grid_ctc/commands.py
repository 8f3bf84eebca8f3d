"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb
from orchestrator.pipelines.training.help import TRAINING_HELP

COMMANDS = PipelineCommands(
    shared=("plan", "pin"),
    own=(
        Verb("train", "train a recipe on what a run has made", same_as="run"),
        Verb(
            "test",
            "let a trained model read clips, and print its scores",
            options="services.training.recipes.grid_ctc.door_settings:TestSettings",
            calls="orchestrator.pipelines.grid_ctc.doors:test",
        ),
        Verb(
            "stats",
            "show what a data set to learn from holds",
            options="services.training.recipes.grid_ctc.door_settings:StatsSettings",
            calls="orchestrator.pipelines.grid_ctc.doors:stats",
        ),
        Verb(
            "lm",
            "count a language model of characters in texts, for `test` and `infer`",
            options="services.training.recipes.grid_ctc.door_settings:EstimateSettings",
            calls="orchestrator.pipelines.grid_ctc.doors:lm",
        ),
        Verb(
            "export",
            "write a trained model as a bundle that needs no torch",
            options="services.training.recipes.exported:ExportSettings",
            calls="orchestrator.pipelines.grid_ctc.doors:export",
        ),
        Verb(
            "infer",
            "print what a trained model reads in a clip",
            options="services.training.recipes.exported:InferSettings",
            calls="orchestrator.pipelines.grid_ctc.doors:infer",
        ),
        Verb(
            "inference",
            "the same as infer",
            options="services.training.recipes.exported:InferSettings",
            calls="orchestrator.pipelines.grid_ctc.doors:infer",
        ),
    ),
    presets="orchestrator.pipelines.grid_ctc.presets:PRESETS",
    told=TRAINING_HELP,
)
