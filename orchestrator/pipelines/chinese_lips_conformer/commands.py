"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb
from orchestrator.pipelines.training.help import TRAINING_HELP
from orchestrator.pipelines.training.verbs import TRAIN, verb_of

_SETTINGS = "services.training.recipes"
_DOORS = "orchestrator.pipelines.chinese_lips_conformer.doors"

COMMANDS = PipelineCommands(
    shared=("plan", "pin"),
    own=(
        TRAIN,
        verb_of("test", _DOORS, f"{_SETTINGS}.chinese_lips_conformer.door_settings:ConformerTestSettings"),
        verb_of("stats", _DOORS, f"{_SETTINGS}.lips.door_settings:LipsStatsSettings"),
        Verb(
            "lm",
            "count a language model in training texts, as an ARPA file",
            options=f"{_SETTINGS}.lips.door_settings:LipsEstimateSettings",
            calls=f"{_DOORS}:lm",
        ),
        verb_of("export", _DOORS, f"{_SETTINGS}.exported:ExportSettings"),
        verb_of("infer", _DOORS, f"{_SETTINGS}.exported:InferSettings"),
    ),
    presets="orchestrator.pipelines.chinese_lips_conformer.presets:PRESETS",
    told=TRAINING_HELP,
)
