"""What a process does with some records: text to ids, and a file where these are not there yet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.base.media.arrays import Int32Array
from services.formats.npy import encode_npy
from services.text.cleaning import clean_text
from services.text.languages import detect, hint_of
from services.text.retokenize.romanization import hiragana
from services.text.retokenize.staging import id_files
from services.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class EncodingConfig:
    """tokenizer: a file of this machine. language: whose rules normalise a text whose record names none; empty: by its
    script. romanized: languages whose texts become hiragana before. skip_existing: leave a file that is there, if it
    holds the ids of the text; trust_existing: even if it holds others.
    """

    tokenizer: str
    output_dir: str
    language: str = ""
    romanized: tuple[str, ...] = ()
    skip_existing: bool = False
    trust_existing: bool = False


class Job(NamedTuple):
    """A text to encode. language: as its record names it, or empty."""

    stem: str
    text: str
    language: str


class Made(NamedTuple):
    """text: as it was encoded, before normalisation. num_ids: 0 where nothing is spoken, and nothing was written.
    is_kept: whether the file was there; is_changed: whether it held other ids.
    """

    text: str
    num_ids: int
    num_unknown: int
    is_kept: bool
    is_changed: bool


class Encoder:
    """Opened once a process. Raises BadConfig as `Tokenizer` and `hiragana` do."""

    def __init__(self, config: EncodingConfig) -> None:
        self._config = config
        self._tokenizer = Tokenizer(config.tokenizer)
        self._files = id_files(config.output_dir)
        self._romanized = hiragana() if config.romanized else None

    def __call__(self, jobs: Sequence[Job]) -> list[Made]:
        return [self._made(job) for job in jobs]

    def _made(self, job: Job) -> Made:
        text = clean_text(job.text)
        language = rules_of(job.language) or rules_of(self._config.language)
        if self._romanized is not None and (language or detect(text)) in self._config.romanized:
            text = self._romanized(text)
        there = self._files.read(job.stem)
        if self._config.trust_existing and there is not None and (found := _ids(there)) is not None and len(found):
            return Made(text, len(found), 0, is_kept=True, is_changed=False)
        encoded = self._tokenizer.encode(text, language or None)
        if not len(encoded.ids_N):
            return Made(text, 0, 0, is_kept=False, is_changed=False)
        data = encode_npy(encoded.ids_N)
        if self._config.skip_existing and there is not None and _same(there, encoded.ids_N):
            return Made(text, len(encoded.ids_N), encoded.num_unknown, is_kept=True, is_changed=False)
        if there != data:
            self._files.write(job.stem, data)
        is_changed = there is not None and not _same(there, encoded.ids_N)
        return Made(text, len(encoded.ids_N), encoded.num_unknown, is_kept=False, is_changed=is_changed)


def rules_of(name: str) -> str:
    """The rules that a name for a language asks for; one that is not known is its own."""
    return hint_of(name) or name.strip().lower()


def _ids(data: bytes) -> Int32Array | None:
    """None for a file that is no int32 [N]."""
    try:
        found: np.ndarray = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except (OSError, EOFError, ValueError, KeyError, TypeError, SyntaxError, MemoryError):
        return None
    return found if found.dtype == np.int32 and found.ndim == 1 else None


def _same(data: bytes, ids_N: Int32Array) -> bool:
    found = _ids(data)
    return found is not None and np.array_equal(found, ids_N)
