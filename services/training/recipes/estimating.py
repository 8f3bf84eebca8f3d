"""A language model of characters, counted in texts, as an ARPA file, and what is told of it. Loads no torch."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Sequence

from services.base.errors import EXIT_OK, BadConfig
from services.base.store.named_file import pieces_of, size_bytes_of, upload_of
from services.lips.language_model.arpa import arpa_file, arpa_of
from services.lips.language_model.n_grams import NGrams
from services.lips.language_model.witten_bell import witten_bell
from services.training.recipes.estimated import CountedTexts

_MOST_TEXT_BYTES = 1 << 28


def answer_lm(settings: CountedTexts, train: Sequence[str], val: Sequence[str], characters: str) -> int:
    """Counts the texts of training clips and those of --text, writes the file, prints an object, and returns the exit
    code. val: texts that are not counted, for their perplexity. characters: that may be read, whether a text has them.

    Raises BadConfig NO_TEXTS, BAD_TEXTS, OUTPUT_EXISTS; or as the stores do.
    """
    texts = list(train)
    if settings.text:
        texts += sentences_of(_text(settings.text), settings.text)
    file = arpa_file(witten_bell(texts, settings.order, characters))
    _write(settings.output, file)
    n_grams = arpa_of(file)
    facts = {
        "output": settings.output,
        "sha256": hashlib.sha256(file).hexdigest(),
        "order": settings.order,
        "n_grams": len(n_grams),
        "sentences": len(texts),
        "perplexity": perplexity(n_grams, texts),
        "perplexity_of_val": perplexity(n_grams, val) if val else None,
    }
    of_val = f", {facts['perplexity_of_val']:.2f} of {len(val)} of val" if val else ""
    text = (
        f"{settings.output}: {len(n_grams):,} n-grams of up to {settings.order} characters from {len(texts):,} texts\n"
        f"perplexity a character, ends of texts among them: {facts['perplexity']:.2f} of these texts{of_val}\n"
        f"lm: {facts['sha256']}"
    )
    sys.stdout.write(json.dumps({**facts, "text": text}) + "\n")
    return EXIT_OK


def perplexity(n_grams: NGrams, texts: Sequence[str]) -> float:
    """A character, the end of each text among them: how many equally likely ones it is as surprising as."""
    log10 = math.fsum(n_grams.log10_prob_of_text(text) for text in texts)
    return 10 ** (-log10 / sum(len(text) + 1 for text in texts))


def sentences_of(data: bytes, name: str) -> list[str]:
    """The lines that are not empty, in their order, with single blanks between words and none at the ends.

    Raises BadConfig BAD_TEXTS for what is no UTF-8.
    """
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadConfig(
            "BAD_TEXTS", f"{name}, line {line}: no UTF-8 ({error.reason}): write it anew in UTF-8"
        ) from error
    return [sentence for line in lines if (sentence := " ".join(line.replace("▁", " ").split()))]


def _text(file: str) -> bytes:
    data = bytearray()
    for piece in pieces_of(file, "--text"):
        data += piece
        if len(data) > _MOST_TEXT_BYTES:
            raise BadConfig(
                "BAD_TEXTS", f"--text {file} has more than {_MOST_TEXT_BYTES:,} bytes: give a part of it, drawn evenly"
            )
    return bytes(data)


def _write(file: str, data: bytes) -> None:
    """Whole or not at all; what is there already is left alone. Raises BadConfig OUTPUT_EXISTS."""
    with upload_of(file) as upload:
        upload.write(data)
        if upload.commit(create_only=True):
            return
    if size_bytes_of(file) != len(data) or b"".join(pieces_of(file, "--output")) != data:
        raise BadConfig("OUTPUT_EXISTS", f"{file} is there already, and is another: name one that is not, or delete it")
