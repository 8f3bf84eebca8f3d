"""What the pipeline adds to the command line: a command of its own, a script that it replaces, what shows its files."""

from __future__ import annotations

from orchestrator.pipelines.commands import Original, PipelineCommands, Verb

COMMANDS = PipelineCommands(
    own=(
        Verb(
            "inventory",
            "count the wav files of a folder",
            options="tones.stats:StatsOptions",
            calls="tones.stats:stats",
        ),
    ),
    originals={"spectra_of_wavs.py": Original("run", {"--wav_dir": "--input-root", "--npz_dir": "--output-root"})},
    inspects={".npz": "tones.show"},
)
