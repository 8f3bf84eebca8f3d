"""PURE: what the talker pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import Original, PipelineCommands, Verb

_CHAIN = "orchestrator.pipelines.talker"

COMMANDS = PipelineCommands(
    corpus="one speaker for two minutes, and further sounds, for a talking head",
    corpus_has_flag=True,
    shared=("plan", "run", "pin"),
    own=(
        Verb(
            "infer",
            "let a trained head say a sound: a film of its person",
            options="services.talker.infer_options:InferOptions",
            calls="orchestrator.pipelines.talker.entry_points:infer",
        ),
        Verb(
            "train",
            "train a recipe on what a run has made",
            options=f"{_CHAIN}.head.options:HeadOptions",
            calls=f"{_CHAIN}.head.chain:train",
        ),
        Verb(
            "test",
            "let a trained model read clips, and print its scores",
            options=f"{_CHAIN}.head.options:HeadTestOptions",
            calls=f"{_CHAIN}.head.chain:test",
        ),
        Verb(
            "training-328",
            "preprocess a video of a person and train a talking head on it, in one command",
            options=f"{_CHAIN}.head.options:UnifiedOptions",
            calls=f"{_CHAIN}.head.chain:unified",
        ),
    ),
    originals={
        # tts has a script of that name too.
        "preprocess_data": Original("run", told_by=("--video-path",)),
        "batch_preprocess": Original("run"),
        "train_328": Original("train"),
        "training_328": Original("training-328", words=("--name", "--gpu")),
    },
    inspects={
        ".pkl": "services.records.talker.inspect",
        ".lms": "services.records.talker.inspect",
        ".mp4": "services.records.talker.film",
    },
    told={"dataset": "", "further_roots": ""},
)
