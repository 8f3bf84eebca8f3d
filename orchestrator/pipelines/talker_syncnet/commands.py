"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb
from orchestrator.pipelines.training.help import TRAINING_HELP
from orchestrator.pipelines.training.verbs import TRAIN

COMMANDS = PipelineCommands(
    shared=("plan", "pin"),
    own=(
        TRAIN,
        Verb(
            "test",
            "let a trained model read clips, and print its scores",
            options="services.training.recipes.talker.command_settings:TalkerTestSettings",
            calls="orchestrator.pipelines.talker_syncnet.entry_points:test",
        ),
    ),
    presets="orchestrator.pipelines.talker_syncnet.presets:PRESETS",
    told=TRAINING_HELP,
)
