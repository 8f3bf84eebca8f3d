"""`python -m services.text.retokenize --manifest M --tokenizer T --output-dir D`: text ids by another tokenizer.

Writes D/text_ids and a manifest that names them; other features stay where they are, and what else a record holds
stays as it is. Says what it did as JSON, and how far it is on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.base.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_QUARANTINED, BadConfig, VisemillError
from services.base.store.by_digest import is_uri
from services.base.store.open import join_uri
from services.text.models import tokenizer_path, tokenizer_sha256
from services.text.retokenize.encoding import EncodingConfig, rules_of
from services.text.retokenize.rewriting import Retokenizing, retokenize
from services.text.retokenize.romanization import hiragana
from services.text.spec import TextConfig

_PROGRESS_EVERY_S = 5.0


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: services/base/errors.py; 3 where lines of the manifest were left out."""
    flags = _parser().parse_args(argv)
    try:
        answer = _done(flags)
    except VisemillError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    sys.stdout.write(json.dumps(answer) + "\n")
    return EXIT_QUARANTINED if answer["num_left_out"] else EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.text.retokenize", description=__doc__)
    add = parser.add_argument
    add("--manifest", required=True, metavar="FILE", help="JSON lines with id and text")
    add("--tokenizer", required=True, metavar="FILE", help="SentencePiece model")
    add("--tokenizer-sha256", default="", help="sha256 that the tokenizer must have; empty: any")
    add("--output-dir", required=True, metavar="FOLDER", help="where text_ids/ is written")
    add("--output-manifest", default="", metavar="FILE", help="default: of the manifest's name, in --output-dir")
    add("--language", default="", help="whose rules normalise texts; empty: by their script")
    add("--language-field", default="", help="field of a record whose language wins over --language")
    add("--romanize", action="store_true", help="Japanese texts become hiragana before, by pykakasi")
    add("--romanize-languages", default="ja", help="languages whose texts do, with commas (default: %(default)s)")
    add("--update-text", action="store_true", help="also store the text that was encoded")
    add("--skip-existing", action="store_true", help="leave files that hold the ids of the text")
    add("--trust-existing", action="store_true", help="leave files that are there, whatever ids they hold")
    add("--max-samples", type=int, default=0, help="encode the first records alone; 0: all")
    add("--workers", type=int, default=0, help="processes; 0: one per core")
    return parser


def _done(flags: argparse.Namespace) -> dict[str, Any]:
    config = TextConfig(flags.tokenizer, flags.tokenizer_sha256)
    sha256 = tokenizer_sha256(config)
    romanized = tuple(filter(None, map(rules_of, flags.romanize_languages.split(",")))) if flags.romanize else ()
    if flags.romanize and not romanized:
        raise BadConfig("BAD_FLAGS", "--romanize-languages is empty: name one, such as ja, or leave --romanize out")
    if romanized:
        # Asked before any process is started.
        hiragana()
    output_manifest = flags.output_manifest or join_uri(flags.output_dir, flags.manifest.rpartition("/")[2])
    asked = Retokenizing(
        flags.manifest,
        output_manifest,
        EncodingConfig(
            str(tokenizer_path(config)),
            flags.output_dir,
            flags.language,
            romanized,
            skip_existing=flags.skip_existing or flags.trust_existing,
            trust_existing=flags.trust_existing,
        ),
        flags.language_field,
        flags.update_text,
        flags.max_samples,
        flags.workers,
    )
    began_s = time.monotonic()
    counts = retokenize(asked, _Progress())
    seconds = time.monotonic() - began_s
    if not is_uri(flags.output_dir) and Path(flags.output_dir, ".visemill").is_dir():
        counts.note(
            f"{flags.output_dir} is the output of a run: `verify` will name the files that differ from it now; give "
            "another --output-dir to keep it"
        )
    return {
        "output_manifest": output_manifest,
        "tokenizer": flags.tokenizer,
        "tokenizer_sha256": sha256,
        **counts.as_json(),
        "records_per_s": round(counts.num_records / seconds, 1) if seconds else 0.0,
    }


class _Progress:
    """A line now and then: records, rate and what is left."""

    def __init__(self) -> None:
        self._began_s = self._said_s = time.monotonic()

    def __call__(self, num_records: int, share: float) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s < _PROGRESS_EVERY_S:
            return
        self._said_s = now_s
        lasted_s = now_s - self._began_s
        left = f", {share:.0%}, {_clock(lasted_s / share - lasted_s)} left" if share else ""
        sys.stderr.write(f"{num_records:,} records, {num_records / lasted_s:,.0f} a second{left}\n")
        sys.stderr.flush()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


if __name__ == "__main__":
    sys.exit(main())
