"""How text handles one clip: what its data set says is spoken, as ids. It needs no media."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.base.errors import BadInput
from services.base.media.tokens import TextIds
from services.base.stage.spec import ClipJob
from services.text.cleaning import clean_text
from services.text.languages import detect, hint_of
from services.text.models import tokenizer_path
from services.text.spec import TextConfig
from services.text.tokenizer import Tokenizer

_NO_STREAMS: frozenset[str] = frozenset()


def open_stage(config: TextConfig) -> TextStage:
    """Loads the tokenizer once. Raises BadConfig as `tokenizer_path` and `Tokenizer` do."""
    return TextStage(Tokenizer(tokenizer_path(config)), hint_of(config.language) or config.language or None)


class TextStage:
    """The opened stage (services.base.stage.spec.Consumer)."""

    def __init__(self, tokenizer: Tokenizer, language: str | None) -> None:
        self._tokenizer = tokenizer
        self._language = language

    def __call__(self, job: ClipJob, info: None) -> TextOfClip:
        del info
        return TextOfClip(self._tokenizer, self._language, job)


class TextOfClip:
    """One clip."""

    wants = _NO_STREAMS

    def __init__(self, tokenizer: Tokenizer, language: str | None, job: ClipJob) -> None:
        self._tokenizer, self._language, self._clip = tokenizer, language, job.clip

    def push(self, chunk: Any) -> None:
        """Nothing comes to a stage that wants nothing."""
        raise AssertionError(f"the text stage reads no stream, and was given {type(chunk).__name__}")

    def finish(self, given: Mapping[str, Any]) -> TextIds:
        """Raises BadInput NO_TEXT where nothing is left of the text."""
        del given
        text = clean_text(self._clip.attributes.text)
        failures = self._tokenizer.normalizer.failures.total()
        encoded = self._tokenizer.encode(text, self._language)
        if not len(encoded.ids_N):
            raise BadInput("NO_TEXT", f"{self._clip.key} has no text that is spoken: give it one, or leave it out")
        return TextIds(
            encoded.ids_N,
            text,
            self._language or detect(text),
            encoded.num_unknown,
            self._tokenizer.unknown_of(encoded),
            self._tokenizer.normalizer.failures.total() > failures,
        )
