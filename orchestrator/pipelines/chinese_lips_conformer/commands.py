"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb
from orchestrator.pipelines.training.help import TRAINING_HELP

_SETTINGS = "services.training.recipes"
_DOORS = "orchestrator.pipelines.chinese_lips_conformer.doors"

COMMANDS = PipelineCommands(
    shared=("plan", "pin"),
    own=(
        Verb("train", "train a recipe on what a run has made", same_as="run"),
        Verb(
            "test",
            "let a trained model read clips, and print its scores",
            options=f"{_SETTINGS}.chinese_lips_conformer.door_settings:ConformerTestSettings",
            calls=f"{_DOORS}:test",
        ),
        Verb(
            "stats",
            "show what a data set to learn from holds",
            options=f"{_SETTINGS}.lips.door_settings:LipsStatsSettings",
            calls=f"{_DOORS}:stats",
        ),
        Verb(
            "lm",
            "count a language model in training texts, as an ARPA file",
            options=f"{_SETTINGS}.lips.door_settings:LipsEstimateSettings",
            calls=f"{_DOORS}:lm",
        ),
        Verb(
            "export",
            "write a trained model as a bundle that needs no torch",
            options=f"{_SETTINGS}.exported:ExportSettings",
            calls=f"{_DOORS}:export",
        ),
        Verb(
            "infer",
            "print what a trained model reads in a clip",
            options=f"{_SETTINGS}.exported:InferSettings",
            calls=f"{_DOORS}:infer",
        ),
    ),
    presets="orchestrator.pipelines.chinese_lips_conformer.presets:PRESETS",
    told=TRAINING_HELP,
)
