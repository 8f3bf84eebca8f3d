"""`python -m services.text.coverage --manifest M --tokenizer T`: the share of unknown tokens by language, as JSON.

All characters are counted; tokens are those of an even sample, the same for the same texts. With `--manifest -`, texts
are JSON lines on standard input: objects with a `text`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from services.base.errors import EXIT_INTERRUPTED, EXIT_OK, BadConfig, VisemillError
from services.formats.manifests import BadLine
from services.text.coverage.measure import CoverageMeter, LanguageCoverage, overall_share
from services.text.languages import hint_of
from services.text.manifest_texts import records_of
from services.text.models import tokenizer_path, tokenizer_sha256
from services.text.spec import TextConfig

_FLAG = "--manifest"


def main(argv: Sequence[str] | None = None) -> int:
    """Prints one JSON object. Exit codes: services/base/errors.py."""
    flags = _parser().parse_args(argv)
    try:
        text = json.dumps(_measured(flags), ensure_ascii=False)
    except VisemillError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    # A lone surrogate, which has no UTF-8, becomes its escape in JSON.
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.text.coverage", description=__doc__)
    parser.add_argument(
        _FLAG,
        required=True,
        nargs="+",
        metavar="FILE",
        help="JSON lines or CSV with a text; - reads JSON lines from standard input",
    )
    parser.add_argument("--tokenizer", required=True, metavar="FILE", help="SentencePiece model")
    parser.add_argument("--tokenizer-sha256", default="", help="sha256 that the tokenizer must have; empty: any")
    parser.add_argument("--language", default="", help="whose rules normalise all texts; empty: by their script")
    parser.add_argument(
        "--sample", type=int, default=20_000, help="most texts of a language to encode (default: %(default)s)"
    )
    parser.add_argument(
        "--read-out",
        type=int,
        default=400,
        help="of these, most that a grammar of numbers and dates reads out (default: %(default)s)",
    )
    parser.add_argument(
        "--characters", type=int, default=100, help="most unknown characters to list a language (default: %(default)s)"
    )
    return parser


def _measured(flags: argparse.Namespace) -> dict[str, Any]:
    for flag, least in (("sample", 2), ("read_out", 1), ("characters", 0)):
        if (value := getattr(flags, flag)) < least:
            raise BadConfig("BAD_FLAGS", f"--{flag.replace('_', '-')} {value} must be {least} or more")
    config = TextConfig(flags.tokenizer, flags.tokenizer_sha256)
    sha256 = tokenizer_sha256(config)
    language = hint_of(flags.language) or flags.language.strip().lower() or None
    tokenizer = str(tokenizer_path(config))
    meter = CoverageMeter(tokenizer, language, most_sampled=flags.sample, most_read_out=flags.read_out)
    num_not_read = 0
    for text in _texts(flags.manifest):
        if text is None:
            num_not_read += 1
        else:
            meter.add(text)
    languages = meter.languages()
    return {
        "tokenizer": flags.tokenizer,
        "tokenizer_sha256": sha256,
        "vocab_size": meter.vocab_size,
        "num_texts": sum(one.num_texts for one in languages),
        "num_empty": meter.num_empty,
        "num_not_read": num_not_read,
        "unknown_share": round(overall_share(languages), 6),
        "languages": {one.language: _as_json(one, flags.characters) for one in languages},
    }


def _texts(manifests: Sequence[str]) -> Iterator[str | None]:
    """Of each record its text; None for a line that is no record, or whose text is none."""
    for name in manifests:
        for found in records_of(name, _FLAG):
            text = None if isinstance(found, BadLine) else found.values.get("text", "")
            yield text if isinstance(text, str) else None


def _as_json(one: LanguageCoverage, most: int) -> dict[str, Any]:
    return {
        "num_texts": one.num_texts,
        "unknown_share": round(one.unknown_share, 6),
        "num_characters": one.num_characters,
        "num_unknown_characters": one.num_unknown_characters,
        "num_distinct_unknown": len(one.unknown),
        "unknown": [{"character": each.character, "count": each.count} for each in one.unknown[:most]],
        "sampled": {
            "num_texts": one.num_sampled,
            "num_tokens": one.num_tokens,
            "num_unknown_tokens": one.num_unknown_tokens,
            "num_doubtful": one.num_doubtful,
            "num_read_out": one.num_read_out,
        },
    }


if __name__ == "__main__":
    sys.exit(main())
