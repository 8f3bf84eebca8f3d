"""PURE: what is measured before a run of speech is pinned, and what it means: its texts, its tokenizer, its weights."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.pipelines.surveys import PlanChecks, Survey
from orchestrator.pipelines.tts.options import TtsOptions, stages
from services.base.errors import BadConfig
from services.base.run.manifest import ClipTable

# Of more texts an even sample is enough to tell one share from another.
_MOST_TEXTS = 100_000
_MOST_SHOWN = 40
_RANDOM = "seeded:"

Models = Mapping[str, Mapping[str, str]]


def plan_checks(options: TtsOptions, rows: ClipTable, models: Models) -> PlanChecks:
    """Texts against the tokenizer; model files that are given against the networks, and their table of texts."""
    settings = dict(stages(options))
    text = settings["text"]
    argv = ["--manifest", "-", "--tokenizer", text["tokenizer"], "--language", text["language"]]
    surveys = [Survey("services.text.coverage", argv, lambda: _texts(rows))]
    networks = models["speech"]
    if not all(source.startswith(_RANDOM) for source in networks.values()):
        files = json.dumps(dict(settings["speech"]))
        surveys.append(Survey("services.features.tts.checking", ["--config", files]))

    def judge(answers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        yield from unknown_notes(answers[0]["languages"], options.max_unk_share)
        if len(answers) > 1:
            yield from table_notes(answers[0]["vocab_size"], answers[1]["num_text_tokens"])
        yield from random_notes(networks)

    return PlanChecks(surveys, judge)


def _texts(rows: ClipTable) -> Iterator[bytes]:
    for row in rows[:: -(-len(rows) // _MOST_TEXTS)]:
        yield json.dumps({"text": row.attributes.text}, ensure_ascii=False).encode() + b"\n"


def unknown_notes(languages: Mapping[str, Mapping[str, Any]], max_share: float) -> Iterator[str]:
    """A note a language with unknown tokens. Raises BadConfig UNKNOWN_TOKENS where one has more than that share."""
    told = {
        name: f"{name}: {one['unknown_share']:.2%} of tokens ({_characters(one)})"
        for name, one in languages.items()
        if one["unknown_share"] > 0
    }
    if too_many := [name for name in told if languages[name]["unknown_share"] > max_share]:
        raise BadConfig(
            "UNKNOWN_TOKENS",
            f"--tokenizer does not know what the texts are written in; {'; '.join(told[name] for name in too_many)}: "
            f"more than --max-unk-share {max_share:g}. Give a tokenizer of these languages, extend this one with "
            "`visemill extend-tokenizer tts`, or raise --max-unk-share",
        )
    yield from (f"unknown to the tokenizer, {what}" for what in told.values())


def _characters(one: Mapping[str, Any]) -> str:
    shown = [str(found["character"]) for found in one["unknown"][:_MOST_SHOWN]]
    more = int(one["num_distinct_unknown"]) - len(shown)
    return " ".join(shown) + (f" and {more} more" if more > 0 else "") if shown else "in certain places alone"


def table_notes(vocab_size: int, num_text_tokens: int | None) -> Iterator[str]:
    """What a tokenizer means for a checkpoint whose table of texts has another size."""
    if num_text_tokens is None or num_text_tokens == vocab_size:
        return
    what = "has to be extended before it is trained" if vocab_size > num_text_tokens else "knows more than is used"
    yield (
        f"--tokenizer has {vocab_size} pieces and the checkpoint's table of texts {num_text_tokens}: the table {what}"
    )


def random_notes(networks: Mapping[str, str]) -> Iterator[str]:
    """Which networks have random weights."""
    random = sorted(name for name, source in networks.items() if source.startswith(_RANDOM))
    if random:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in random)
        yield (
            f"SEEDED RANDOM WEIGHTS, not those of trained networks, for {', '.join(random)}: features mean nothing, "
            f"and every clip is flagged RANDOM_WEIGHTS; name the files with {flags}"
        )
