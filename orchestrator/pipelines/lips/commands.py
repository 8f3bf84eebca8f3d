"""PURE: what the pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands

COMMANDS = PipelineCommands(
    inspects={".tfrecord": "services.records.grid.inspect"},
    corpus="faces and mouths that say Mandarin, in the layout of Chinese-LiPS",
)
