"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb
from orchestrator.pipelines.training.help import TRAINING_HELP
from orchestrator.pipelines.training.verbs import TRAIN, verb_of

_SETTINGS = "services.training.recipes"
_ENTRY_POINTS = "orchestrator.pipelines.chinese_lips_conformer.entry_points"

COMMANDS = PipelineCommands(
    shared=("plan", "pin"),
    own=(
        TRAIN,
        verb_of("test", _ENTRY_POINTS, f"{_SETTINGS}.chinese_lips_conformer.command_settings:ConformerTestSettings"),
        verb_of("stats", _ENTRY_POINTS, f"{_SETTINGS}.lips.command_settings:LipsStatsSettings"),
        Verb(
            "lm",
            "count a language model in training texts, as an ARPA file",
            options=f"{_SETTINGS}.lips.command_settings:LipsEstimateSettings",
            calls=f"{_ENTRY_POINTS}:lm",
        ),
        verb_of("export", _ENTRY_POINTS, f"{_SETTINGS}.exported:ExportSettings"),
        verb_of("infer", _ENTRY_POINTS, f"{_SETTINGS}.chinese_lips_conformer.command_settings:ConformerInferSettings"),
    ),
    presets="orchestrator.pipelines.chinese_lips_conformer.presets:PRESETS",
    told=TRAINING_HELP,
)
