"""`python -m services.text.extend --base-model M --manifests A.jsonl B.jsonl`: a tokenizer with pieces of new text.

Texts go through the same rules as those of a run, so that no piece is learnt which no run would meet.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.base.errors import EXIT_INTERRUPTED, EXIT_OK, BadConfig, VisemillError
from services.formats.manifests import Record
from services.text.cleaning import clean_text
from services.text.extend.extension import LEARNT_BY, extended
from services.text.languages import hint_of
from services.text.manifest_texts import records_of
from services.text.normalization import Normalizer
from services.text.tokenizer import pieces_text


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the model, whole or not at all, and says how many pieces it has. Exit codes: services/base/errors.py."""
    flags = _parser().parse_args(argv)
    base = Path(flags.base_model)
    output = Path(flags.output_model) if flags.output_model else base.with_name(f"{base.stem}_extended.model")
    try:
        texts = _texts(flags.manifests, flags.language)
        made = extended(
            _read(base, "--base-model"),
            texts,
            target_size=flags.target_size,
            character_coverage=flags.character_coverage,
            model_type=flags.model_type,
        )
        _write(output, made.model)
    except VisemillError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    told = {"output_model": str(output), "num_base": made.num_base, "num_added": made.num_added}
    sys.stdout.write(json.dumps(told) + "\n")
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.text.extend", description=__doc__)
    parser.add_argument("--base-model", required=True, metavar="FILE", help="SentencePiece model whose ids stay")
    parser.add_argument(
        "--manifests", required=True, nargs="+", metavar="FILE", help="JSON lines or CSV with a text, and a language"
    )
    parser.add_argument("--output-model", metavar="FILE", help="default: BASE_extended.model beside the base model")
    parser.add_argument("--target-size", type=int, default=24_000, help="pieces in all (default: %(default)s)")
    parser.add_argument(
        "--character-coverage",
        type=float,
        default=1.0,
        help="share of characters that get pieces (default: %(default)s)",
    )
    parser.add_argument(
        "--model-type", choices=LEARNT_BY, default="bpe", help="how new pieces are learnt (default: %(default)s)"
    )
    parser.add_argument("--language", default="", help="of texts whose record names none; default: by their script")
    return parser


def _texts(manifests: Sequence[str], language: str) -> Iterator[str]:
    """What the tokenizer would get of each record; lines that are no record, and records without text, are left out."""
    normalizer = Normalizer()
    for path in manifests:
        for record in records_of(path, "--manifests"):
            if not isinstance(record, Record):
                sys.stderr.write(f"{path}: line {record.number} is left out: {record.message}\n")
                continue
            text, named = record.values.get("text"), record.values.get("language")
            if isinstance(text, str) and (cleaned := clean_text(text)):
                hint = hint_of(named if isinstance(named, str) else "") or hint_of(language)
                yield pieces_text(normalizer, cleaned, hint)


def _read(path: Path, flag: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadConfig("MODEL_MISSING", f"{flag} {path} cannot be read: {error.strerror}") from error


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise BadConfig("NOT_WRITABLE", f"--output-model {path} cannot be written: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
