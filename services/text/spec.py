"""What the text stage is: its settings and its artifact. Inert: reads no file and imports no library."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from services.base.media.tokens import TextIds
from services.base.stage.fields import FileRef
from services.base.stage.spec import ByName, Fingerprint, StageSpec


@dataclass(frozen=True)
class TextConfig:
    """Settings of the stage. Raises ValueError for a value that cannot work."""

    tokenizer: FileRef = field(default="", metadata={"help": "SentencePiece model; needed"})
    tokenizer_sha256: str = field(default="", metadata={"help": "sha256 that the tokenizer must have; empty: any"})
    language: str = field(
        default="",
        metadata={
            "help": "whose rules normalise texts: en (fr, de), zh (cn), ja (jp), am (amh); empty: by their script"
        },
    )

    def __post_init__(self) -> None:
        if self.language != self.language.strip().lower():
            raise ValueError(f"language {self.language!r} must be lower case, without spaces around it")


def key_config(config: TextConfig) -> dict[str, Any]:
    """The settings that decide ids: not where the tokenizer lies, whose digest is in `models`."""
    key = dataclasses.asdict(config)
    del key["tokenizer"], key["tokenizer_sha256"]
    return key


def fingerprint(config: TextConfig) -> Fingerprint:
    """What of the config decides bytes."""
    return Fingerprint(key_config(config))


def _models(config: TextConfig) -> dict[str, str]:
    found: dict[str, str] = ByName("services.text.models:models_of")(config)
    return found


SPEC = StageSpec(
    "text",
    1,
    TextConfig,
    reads=(),
    writes=("text_ids",),
    libraries=("sentencepiece", "wetext", "kaldifst"),
    fingerprint=fingerprint,
    models=_models,
    opens=ByName("services.text.stage:open_stage"),
    artifacts={"text_ids": TextIds},
)
