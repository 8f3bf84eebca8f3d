"""PURE: what the sign pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands

COMMANDS = PipelineCommands(
    inspects=dict.fromkeys((".npz", ".parquet", ".csv"), "services.records.sign.inspect"),
    corpus="a signer with one folder per word",
)
