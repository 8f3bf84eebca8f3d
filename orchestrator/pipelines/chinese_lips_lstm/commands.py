"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb
from orchestrator.pipelines.training.help import TRAINING_HELP
from orchestrator.pipelines.training.verbs import TRAIN, verb_of

_SETTINGS = "services.training.recipes.lips.command_settings"
_ENTRY_POINTS = "orchestrator.pipelines.chinese_lips_lstm.entry_points"

COMMANDS = PipelineCommands(
    aliases=("chinese-lips",),
    corpus="mouths that say Mandarin, in the layout of Chinese-LiPS",
    corpus_language="zh",
    shared=("plan", "pin"),
    own=(
        TRAIN,
        verb_of("test", _ENTRY_POINTS, f"{_SETTINGS}:LipsTestSettings"),
        verb_of("stats", _ENTRY_POINTS, f"{_SETTINGS}:LipsStatsSettings"),
        verb_of("export", _ENTRY_POINTS, "services.training.recipes.exported:ExportSettings"),
        verb_of("infer", _ENTRY_POINTS, f"{_SETTINGS}:LipsInferSettings"),
        Verb(
            "download",
            "fetch a data set from where it is published",
            options="services.training.data.lips.download_settings:LipsDownload",
            calls=f"{_ENTRY_POINTS}:download",
        ),
        verb_of("inference", _ENTRY_POINTS, f"{_SETTINGS}:LipsInferSettings"),
    ),
    presets="orchestrator.pipelines.chinese_lips_lstm.presets:PRESETS",
    baselines="orchestrator.pipelines.chinese_lips_lstm.presets:BASELINES",
    told=TRAINING_HELP,
)
