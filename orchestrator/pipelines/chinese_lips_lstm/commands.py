"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb
from orchestrator.pipelines.training.help import TRAINING_HELP

_SETTINGS = "services.training.recipes.lips.door_settings"
_DOORS = "orchestrator.pipelines.chinese_lips_lstm.doors"

COMMANDS = PipelineCommands(
    aliases=("chinese-lips",),
    corpus="mouths that say Mandarin, in the layout of Chinese-LiPS",
    corpus_language="zh",
    shared=("plan", "pin"),
    own=(
        Verb("train", "train a recipe on what a run has made", same_as="run"),
        Verb(
            "test",
            "let a trained model read clips, and print its scores",
            options=f"{_SETTINGS}:LipsTestSettings",
            calls=f"{_DOORS}:test",
        ),
        Verb(
            "stats",
            "show what a data set to learn from holds",
            options=f"{_SETTINGS}:LipsStatsSettings",
            calls=f"{_DOORS}:stats",
        ),
        Verb(
            "export",
            "write a trained model as a bundle that needs no torch",
            options="services.training.recipes.exported:ExportSettings",
            calls=f"{_DOORS}:export",
        ),
        Verb(
            "infer",
            "print what a trained model reads in a clip",
            options=f"{_SETTINGS}:LipsInferSettings",
            calls=f"{_DOORS}:infer",
        ),
        Verb(
            "download",
            "fetch a data set from where it is published",
            options="services.training.data.lips.download_settings:LipsDownload",
            calls=f"{_DOORS}:download",
        ),
        Verb("inference", "the same as infer", options=f"{_SETTINGS}:LipsInferSettings", calls=f"{_DOORS}:infer"),
    ),
    presets="orchestrator.pipelines.chinese_lips_lstm.presets:PRESETS",
    baselines="orchestrator.pipelines.chinese_lips_lstm.presets:BASELINES",
    told=TRAINING_HELP,
)
