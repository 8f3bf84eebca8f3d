"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb
from orchestrator.pipelines.training.help import TRAINING_HELP

COMMANDS = PipelineCommands(
    shared=("plan",),
    own=(Verb("train", "train a recipe on what a run has made", same_as="run"),),
    presets="orchestrator.pipelines.grid_ctc.presets:PRESETS",
    told=TRAINING_HELP,
)
