"""The `lm` entry point: a language model of characters, counted in the texts of training clips or of a file, as an ARPA
file. Loads no torch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import math
import sys
from collections.abc import Sequence

from services.base.errors import EXIT_OK, BadConfig
from services.base.stage.config import add_config_flags, config_from_flags
from services.base.store.named_file import pieces_of, size_bytes_of, upload_of
from services.lips.language_model.arpa import arpa_file, arpa_of
from services.lips.language_model.n_grams import NGrams
from services.lips.language_model.witten_bell import witten_bell
from services.training.data.clips import GridClips
from services.training.data.grid import GridData, GridSettings, open_grid
from services.training.data.records.opening import RecordsSettings
from services.training.recipes.grid_ctc.door_settings import EstimateSettings
from services.training.recipes.grid_ctc.spec import STEPS_PER_FRAME

_MOST_TEXT_BYTES = 1 << 28
# As in stats_door: what cannot be read costs nothing here but its text.
_ANY_NUMBER = 1 << 40


def lm_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services grid-ctc lm", description=__doc__)
    add_config_flags(parser, EstimateSettings)
    settings: EstimateSettings = config_from_flags(EstimateSettings, parser.parse_args(argv))
    logging.getLogger("visemill").addHandler(logging.NullHandler())
    data = _opened(settings) if settings.data_root else None
    texts = _texts_of(data.train) if data else []
    if settings.text:
        texts += sentences_of(_text(settings.text), settings.text)
    file = arpa_file(witten_bell(texts, settings.order, data.alphabet.characters if data else ""))
    _write(settings.output, file)
    n_grams = arpa_of(file)
    held_out = _texts_of(data.val) if data else []
    facts = {
        "output": settings.output,
        "sha256": hashlib.sha256(file).hexdigest(),
        "order": settings.order,
        "n_grams": len(n_grams),
        "sentences": len(texts),
        "perplexity": perplexity(n_grams, texts),
        "perplexity_of_val": perplexity(n_grams, held_out) if held_out else None,
    }
    val = f", {facts['perplexity_of_val']:.2f} of {len(held_out)} of val" if held_out else ""
    text = (
        f"{settings.output}: {len(n_grams):,} n-grams of up to {settings.order} characters from {len(texts):,} texts\n"
        f"perplexity a character, ends of texts among them: {facts['perplexity']:.2f} of these texts{val}\n"
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


def _opened(settings: EstimateSettings) -> GridData:
    return open_grid(
        GridSettings(
            settings.data_root,
            RecordsSettings(settings.index_root, cache_mib=0, max_failures=_ANY_NUMBER),
            val_share=settings.val_share,
            seed=settings.seed,
            allow_leak=True,
            steps_per_frame=STEPS_PER_FRAME,
        )
    )


def _texts_of(clips: GridClips) -> list[str]:
    return [clips.text_of(i) for i in range(len(clips.items))]


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
