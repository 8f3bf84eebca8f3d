"""`visemill extend-tokenizer tts`: a tokenizer with pieces of new text, the base model's ids unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.service_commands import answer_of_module
from services.base.errors import BadConfig
from services.base.stage.fields import FileRef, option

_MODULE = "services.text.extend"


@dataclass(frozen=True)
class ExtendOptions:
    """The flags of the original by their names. manifests: one a line. Raises BadConfig BAD_FLAGS."""

    base_model: FileRef = option("", "SentencePiece model whose ids stay", group="input")
    manifests: str = option(
        "", "JSON lines or CSV with a text and, if known, a language", group="input", metavar="FILE", several=True
    )
    output_model: FileRef = option("", "new model (default: BASE_extended.model beside the base model)", group="output")
    target_size: int = option(24_000, "pieces in all", group="output")
    character_coverage: float = option(1.0, "share of characters that get pieces", group="output", unit="0..1")
    model_type: Literal["bpe", "unigram"] = option("bpe", "how new pieces are learnt", group="output")
    language: str = option("", "of texts whose record names none (default: by their script)", group="input")

    def __post_init__(self) -> None:
        for flag, value in (("--base-model", self.base_model), ("--manifests", self.manifests)):
            if not value:
                raise BadConfig("BAD_FLAGS", f"{flag} is missing: extend-tokenizer needs --base-model and --manifests")


def extend(options: ExtendOptions) -> Outcome:
    """Raises what the service fails with."""
    argv = ["--base-model", options.base_model, "--manifests", *options.manifests.split("\n")]
    argv += ["--output-model", options.output_model] if options.output_model else []
    argv += ["--target-size", str(options.target_size), "--character-coverage", str(options.character_coverage)]
    argv += ["--model-type", options.model_type]
    argv += ["--language", options.language] if options.language else []
    data, exit_code = answer_of_module(_MODULE, argv, "learning pieces")
    num = data["num_base"] + data["num_added"]
    text = (
        f"{data['output_model']}: {num:,} pieces, the base model's {data['num_base']:,} with their ids and "
        f"{data['num_added']:,} after them; a checkpoint's text embedding needs {num + 1:,} rows"
    )
    return Outcome({**data, "num_pieces": num, "num_embedding_rows": num + 1}, text, exit_code)
