"""PURE: what the tts pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands

COMMANDS = PipelineCommands()
