"""PURE: what the talker pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import Original, PipelineCommands, Verb

COMMANDS = PipelineCommands(
    corpus="one speaker for two minutes, and what else is said, for a talking head",
    corpus_has_flag=True,
    shared=("plan", "run", "pin"),
    own=(
        Verb(
            "infer",
            "let a trained head say a sound: a film of its person",
            options="services.talker.infer_options:InferOptions",
            calls="orchestrator.pipelines.talker.entry_points:infer",
        ),
    ),
    originals={
        # tts has a script of that name too.
        "preprocess_data": Original("run", told_by=("--video-path",)),
        "batch_preprocess": Original("run"),
    },
    inspects={".pkl": "services.records.talker.inspect", ".lms": "services.records.talker.inspect"},
    told={"dataset": "", "further_roots": ""},
)
