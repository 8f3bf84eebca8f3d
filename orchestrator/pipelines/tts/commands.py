"""PURE: what the tts pipeline adds to the command line."""

from __future__ import annotations

from orchestrator.pipelines.commands import Original, PipelineCommands, Verb

COMMANDS = PipelineCommands(
    own=(
        Verb(
            "split",
            "split an output's manifests anew by another share or number, and compute nothing",
            options="orchestrator.pipelines.tts.manifests.splitting:SplitOptions",
            calls="orchestrator.pipelines.tts.manifests.splitting:split",
            leases="output_dir",
        ),
        Verb(
            "unpack",
            "write the features in an output's Arrow files as npy files",
            options="orchestrator.pipelines.tts.written.unpacking:UnpackOptions",
            calls="orchestrator.pipelines.tts.written.unpacking:unpack",
        ),
        Verb(
            "retokenize",
            "encode the texts of a manifest with another tokenizer",
            options="orchestrator.pipelines.tts.tools.retokenizing:RetokenizeOptions",
            calls="orchestrator.pipelines.tts.tools.retokenizing:retokenize",
        ),
        Verb(
            "pairs",
            "pair the clips of a manifest with prompts of their speakers",
            options="orchestrator.pipelines.tts.tools.pairing:PairOptions",
            calls="orchestrator.pipelines.tts.tools.pairing:pairs",
        ),
        Verb(
            "extend-tokenizer",
            "add pieces of new text to a tokenizer, whose ids stay",
            options="orchestrator.pipelines.tts.tools.extending:ExtendOptions",
            calls="orchestrator.pipelines.tts.tools.extending:extend",
        ),
    ),
    originals={
        "preprocess_data": Original("run", defaults={"--language": "ja"}),
        "preprocess_multiproc": Original(
            "run",
            defaults={"--language": "ja", "--batch-size": "4", "--workers": "8", "--num-processes": "4"},
            default_files={"--config": "checkpoints/config_finetune.yaml", "--hf-cache-dir": "./hf_cache"},
            unused={"--launch-delay": "processes are started at once, and load their models side by side"},
            rest="--extra-args",
        ),
        "process_text_ids.py": Original("retokenize", defaults={"--language": "ja"}),
        "build_gpt_prompt_pairs.py": Original("pairs"),
        "generate_gpt_pairs.py": Original("pairs"),
        "extend_bpe.py": Original("extend-tokenizer"),
    },
    inspects=dict.fromkeys((".npy", ".arrow"), "services.records.tts.inspect"),
    corpus="a manifest of recordings in four scripts",
)
