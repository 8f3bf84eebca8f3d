"""PURE: what the GRID pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import Original, PipelineCommands

COMMANDS = PipelineCommands(
    originals={"count-utterances": Original("count"), "grid-to-tfrecords-parallel": Original("run")},
    # A file of any other ending is read as TFRecords, whose shards are named in many ways.
    inspects={".tfrecord": "services.records.grid.inspect", "": "services.records.grid.inspect"},
    corpus="GRID speakers",
)
