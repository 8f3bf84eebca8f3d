"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb
from orchestrator.pipelines.training.help import TRAINING_HELP
from orchestrator.pipelines.training.verbs import TRAIN, verb_of

_SETTINGS = "services.training.recipes.lips.door_settings"
_DOORS = "orchestrator.pipelines.chinese_lips_lstm.doors"

COMMANDS = PipelineCommands(
    aliases=("chinese-lips",),
    corpus="mouths that say Mandarin, in the layout of Chinese-LiPS",
    corpus_language="zh",
    shared=("plan", "pin"),
    own=(
        TRAIN,
        verb_of("test", _DOORS, f"{_SETTINGS}:LipsTestSettings"),
        verb_of("stats", _DOORS, f"{_SETTINGS}:LipsStatsSettings"),
        verb_of("export", _DOORS, "services.training.recipes.exported:ExportSettings"),
        verb_of("infer", _DOORS, f"{_SETTINGS}:LipsInferSettings"),
        Verb(
            "download",
            "fetch a data set from where it is published",
            options="services.training.data.lips.download_settings:LipsDownload",
            calls=f"{_DOORS}:download",
        ),
        verb_of("inference", _DOORS, f"{_SETTINGS}:LipsInferSettings"),
    ),
    presets="orchestrator.pipelines.chinese_lips_lstm.presets:PRESETS",
    baselines="orchestrator.pipelines.chinese_lips_lstm.presets:BASELINES",
    told=TRAINING_HELP,
)
