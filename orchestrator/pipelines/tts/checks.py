"""PURE: what is measured before a run of speech is pinned, and what it means: texts, tokenizer, weights, device."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.pipelines.surveys import PlanChecks, Planned, Survey
from orchestrator.pipelines.tts.format_check import format_note, format_survey, is_tried, untried_notes
from orchestrator.pipelines.tts.options import TtsOptions
from services.base.errors import BadConfig
from services.base.run.manifest import ClipTable

# Of more texts an even sample is enough to tell one share from another.
_MOST_TEXTS = 100_000
_MOST_SHOWN = 40
_RANDOM = "seeded:"


def plan_checks(options: TtsOptions, rows: ClipTable, planned: Planned) -> PlanChecks:
    """A GPU that is asked for; texts against the tokenizer; model files that are given against the networks, and their
    table of texts; another number format than float32 on a sample of the clips. What takes longest is last.
    """
    text, speech, networks = planned.settings["text"], planned.settings["speech"], planned.models["speech"]
    on_gpu = "speech" not in planned.elsewhere and speech.get("device") == "cuda"
    has_files = not all(source.startswith(_RANDOM) for source in networks.values())
    tries_format = is_tried(planned)
    argv = ["--manifest", "-", "--tokenizer", text["tokenizer"], "--language", text["language"]]
    surveys = [Survey("services.text.coverage", argv, "reading the texts", lambda: _texts(rows))]
    if on_gpu:
        surveys.insert(0, Survey("services.features.gpus", ["--asked", options.device], "looking for a GPU"))
    if has_files:
        config = ["--config", json.dumps(dict(speech))]
        surveys.append(Survey("services.features.tts.checking", config, "checking the model files"))
    if tries_format:
        surveys.append(format_survey(rows, planned))

    def judge(answers: Iterator[Mapping[str, Any]]) -> Iterator[str]:
        num_gpus = next(answers)["num_gpus"] if on_gpu else 0
        texts = next(answers)
        yield from unknown_notes(texts["languages"], options.max_unk_share)
        if has_files:
            yield from table_notes(texts["vocab_size"], next(answers)["num_text_tokens"])
        yield from random_notes(networks)
        yield from process_notes(planned.num_processes, planned.num_shards, num_gpus)
        if tries_format:
            yield format_note(next(answers))
        yield from untried_notes(planned)

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


def process_notes(num_processes: int, num_shards: int, num_gpus: int) -> Iterator[str]:
    """What a number of processes means for the shards and GPUs that there are. num_processes: 0: as many as cores.
    num_gpus: 0 where the networks do not run on GPUs of this machine.
    """
    at_once = min(num_processes, num_shards)
    if num_processes > num_shards:
        shards = "1 shard, which one process computes" if num_shards == 1 else f"{num_shards} shards, one a process"
        yield f"--num-processes {num_processes}: the run has {shards}: give more with --num-shards"
    if 0 < num_gpus < at_once:
        which = "the one GPU" if num_gpus == 1 else f"the {num_gpus} GPUs"
        yield (
            f"--num-processes {num_processes}: they share {which}, each with networks of its own (about 3.1 GB at full "
            f"size) and batches as if it were alone: take --num-processes {num_gpus}, or a smaller --batch-size"
        )
