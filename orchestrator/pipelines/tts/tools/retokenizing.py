"""`visemill retokenize tts`: text ids of a manifest by another tokenizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.service_commands import answer_of_module
from services.base.errors import BadConfig
from services.base.stage.config import argv_of
from services.base.stage.fields import FileRef, option

_MODULE = "services.text.retokenize"


@dataclass(frozen=True)
class RetokenizeOptions:
    """The flags of the original by their names, and ours. Raises BadConfig BAD_FLAGS."""

    manifest: FileRef = option("", "JSON lines with id and text", group="input")
    tokenizer: FileRef = option("", "SentencePiece model that text is encoded with", group="input")
    tokenizer_sha256: str = option("", "sha256 that the tokenizer must have; empty: any", group="input")
    output_dir: FileRef = option("", "where text_ids/ is written", group="output", metavar="FOLDER")
    output_manifest: FileRef = option(
        "", "new manifest (default: of the manifest's name, in --output-dir)", group="output"
    )
    language: str = option(
        "", "whose rules normalise texts: en, zh, ja, am or another code (default: by their script)", group="text"
    )
    language_field: str = option(
        "", "field of a record whose language wins over --language, such as language", group="text", metavar="FIELD"
    )
    romanize: bool = option(
        False, "Japanese texts become hiragana before, by pykakasi, which you install (GPL-3.0)", group="text"
    )
    romanize_languages: str = option("ja", "languages whose texts do, with commas", group="text", metavar="CODES")
    update_text: bool = option(False, "also store the text that was encoded", group="output")
    skip_existing: bool = option(
        False, "leave files that hold the ids of the text; others are made again", group="output"
    )
    trust_existing: bool = option(False, "leave files that are there, whatever ids they hold", group="output")
    max_samples: int = option(
        0, "encode the first records alone, and keep the others as they are; 0: all", group="input"
    )
    workers: int = option(0, "processes; 0: one per core", group="input")

    def __post_init__(self) -> None:
        for flag, value in (
            ("--manifest", self.manifest),
            ("--tokenizer", self.tokenizer),
            ("--output-dir", self.output_dir),
        ):
            if not value:
                raise BadConfig(
                    "BAD_FLAGS", f"{flag} is missing: retokenize needs --manifest, --tokenizer, --output-dir"
                )


def retokenize(options: RetokenizeOptions) -> Outcome:
    """Raises what the service fails with."""
    data, exit_code = answer_of_module(_MODULE, argv_of(options), "encoding texts")
    return Outcome(data, _text(data), exit_code)


def _text(data: dict[str, Any]) -> str:
    lines = [
        f"{data['output_manifest']}: {data['num_records']:,} records, {data['num_encoded']:,} encoded, "
        f"{data['num_kept']:,} kept, {data['num_not_touched']:,} not touched, {data['num_left_out']:,} left out",
        f"unknown tokens: {data['unknown_share']:.2%}; {data['records_per_s']:,.0f} records a second",
    ]
    if data["num_changed"]:
        lines.append(f"{data['num_changed']:,} files held other ids and were replaced")
    return "\n".join([*lines, *data["notes"]])
