"""PURE: what the tts pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import PipelineCommands, Verb

COMMANDS = PipelineCommands(
    own=(
        Verb(
            "split",
            "split an output's manifests anew by another share or number, and compute nothing",
            options="orchestrator.pipelines.tts.manifests.splitting:SplitOptions",
            calls="orchestrator.pipelines.tts.manifests.splitting:split",
        ),
        Verb(
            "unpack",
            "write the features in an output's Arrow files as npy files",
            options="orchestrator.pipelines.tts.unpacking:UnpackOptions",
            calls="orchestrator.pipelines.tts.unpacking:unpack",
        ),
    ),
    inspects=dict.fromkeys((".npy", ".arrow"), "services.records.tts.inspect"),
    corpus="a manifest of recordings in four scripts",
)
