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
            options="services.training.recipes.talker_unet.test_settings:HeadTestSettings",
            calls="orchestrator.pipelines.talker_unet.entry_points:test",
        ),
        Verb(
            "export",
            "write a trained head as a bundle that needs no torch",
            options="services.training.recipes.talker_unet.export_settings:HeadExportSettings",
            calls="orchestrator.pipelines.talker_unet.entry_points:export",
        ),
    ),
    presets="orchestrator.pipelines.talker_unet.presets:PRESETS",
    told=TRAINING_HELP,
)
