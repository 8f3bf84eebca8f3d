"""What stops a run of speech before it begins, and what is only told: unknown tokens, other tables, random weights."""

import dataclasses
import json
from collections.abc import Iterator

import pytest

from orchestrator.pipelines.surveys import Planned
from orchestrator.pipelines.tts.checks import plan_checks, process_notes, random_notes, table_notes, unknown_notes
from orchestrator.pipelines.tts.options import TtsOptions
from services.base.errors import BadConfig
from services.base.media.clip import ClipAttributes
from services.base.run.manifest import ClipRow, ClipTable

RANDOM = {"gpt_checkpoint": "seeded:0", "w2v_stat": "seeded:0", "w2v_bert": "seeded:0", "semantic_codec": "seeded:0"}


def language(share: float, characters: str = "", num_distinct: int | None = None) -> dict[str, object]:
    unknown = [{"character": one, "count": 1} for one in characters]
    return {
        "unknown_share": share,
        "unknown": unknown,
        "num_distinct_unknown": len(unknown) if num_distinct is None else num_distinct,
    }


def rows(num: int) -> ClipTable:
    said = [ClipAttributes(text=f"ሰላም {i}") for i in range(num)]
    return ClipTable.of_rows(
        ClipRow(str(i), str(i), "", "a.wav", "train", 0, i, i, 1, "", (), one) for i, one in enumerate(said)
    )


def test_a_tokenizer_that_does_not_know_the_script_stops_the_run_with_the_characters() -> None:
    found = {"am": language(0.5, "ሰላ", num_distinct=7), "en": language(0.0)}
    with pytest.raises(BadConfig, match=r"am: 50\.00% of tokens \(ሰ ላ and 5 more\).*--max-unk-share 0\.05") as refused:
        list(unknown_notes(found, 0.05))
    assert refused.value.reason == "UNKNOWN_TOKENS" and "en:" not in refused.value.message


def test_a_few_unknown_tokens_are_told() -> None:
    found = {"am": language(0.05, "ሰ"), "en": language(0.0), "zh": language(0.01)}
    notes = list(unknown_notes(found, 0.05))
    assert len(notes) == 2 and "am: 5.00% of tokens (ሰ)" in notes[0] and "zh: 1.00%" in notes[1]


@pytest.mark.parametrize(
    ("vocab_size", "num_text_tokens", "told"),
    [(12_000, 12_000, ""), (12_000, None, ""), (24_000, 12_000, "extended"), (9_000, 12_000, "more than is used")],
)
def test_a_tokenizer_of_another_size_than_the_checkpoints_table_is_told(vocab_size, num_text_tokens, told) -> None:
    notes = " ".join(table_notes(vocab_size, num_text_tokens))
    assert bool(notes) == bool(told) and told in notes


def test_random_weights_are_said_loudly() -> None:
    (note,) = random_notes(RANDOM)
    assert "SEEDED RANDOM WEIGHTS" in note and "--gpt-checkpoint" in note and "--w2v-bert" in note
    assert list(random_notes(dict.fromkeys(RANDOM, "sha256:0"))) == []


def planned(
    models: dict[str, str] = RANDOM, elsewhere: frozenset[str] = frozenset(), num_processes: int = 1, **speech: str
) -> Planned:
    settings = {
        "text": {"tokenizer": "/t/bpe.model", "language": "am"},
        "audio": {"sample_rate_hz": 24_000},
        "speech": {"device": "cpu", **speech},
    }
    return Planned(settings, {"speech": models}, ["/d"], elsewhere=elsewhere, num_processes=num_processes)


TEXTS = {"languages": {"am": language(0.0)}, "vocab_size": 24_000}


def test_texts_are_measured_by_the_command_of_the_text_service() -> None:
    checks = plan_checks(TtsOptions(), rows(3), planned())
    (survey,) = checks.surveys
    assert survey.module == "services.text.coverage"
    assert survey.argv == ["--manifest", "-", "--tokenizer", "/t/bpe.model", "--language", "am"]
    assert [json.loads(line)["text"] for line in survey.lines()] == ["ሰላም 0", "ሰላም 1", "ሰላም 2"]
    notes = list(checks.judge(iter([TEXTS])))
    assert len(notes) == 1 and "RANDOM" in notes[0]


def test_files_that_are_given_are_checked_too() -> None:
    given = planned({**RANDOM, "gpt_checkpoint": "sha256:0"}, gpt_checkpoint="/m/gpt.pth")
    checks = plan_checks(TtsOptions(), rows(1), given)
    assert checks.surveys[1].module == "services.features.tts.checking"
    assert json.loads(checks.surveys[1].argv[1])["gpt_checkpoint"] == "/m/gpt.pth"
    assert any("extended" in note for note in checks.judge(iter([TEXTS, {"num_text_tokens": 12_000}])))


@pytest.mark.parametrize(
    ("run", "modules"),
    [
        (planned(device="cuda"), ["gpus", "coverage"]),
        (planned(device="cuda", elsewhere=frozenset({"speech"})), ["coverage"]),
        (planned(device="cpu"), ["coverage"]),
        (planned(device="cuda", dtype="bfloat16"), ["gpus", "coverage", "precision"]),
        (planned({**RANDOM, "config": "sha256:0"}, dtype="bfloat16"), ["coverage", "checking", "precision"]),
    ],
)
def test_a_gpu_is_looked_for_first_and_where_it_would_be_used_and_what_takes_longest_is_last(
    run: Planned, modules: list[str]
) -> None:
    surveys = plan_checks(TtsOptions(), rows(1), run).surveys
    assert [survey.module.rpartition(".")[2] for survey in surveys] == modules
    assert all(survey.doing for survey in surveys)


def test_what_forbids_a_run_is_said_before_the_next_thing_is_measured() -> None:
    def answers() -> Iterator[dict[str, object]]:
        yield {"languages": {"am": language(0.5, "ሰ")}, "vocab_size": 24_000}
        raise AssertionError("the format is tried although the texts forbid the run")

    checks = plan_checks(TtsOptions(), rows(1), planned(dtype="bfloat16"))
    with pytest.raises(BadConfig, match="does not know what the texts"):
        list(checks.judge(answers()))


def test_several_processes_on_fewer_gpus_are_told() -> None:
    run = dataclasses.replace(planned(device="cuda", num_processes=4), num_shards=8)
    notes = list(plan_checks(TtsOptions(), rows(1), run).judge(iter([{"num_gpus": 1}, TEXTS])))
    assert any("--num-processes 4: they share the one GPU" in note for note in notes)


@pytest.mark.parametrize(
    ("num_processes", "num_shards", "num_gpus", "said"),
    [
        (4, 8, 0, []),
        (0, 1, 0, []),
        (4, 4, 4, []),
        (4, 2, 0, ["the run has 2 shards, one a process: give more with --num-shards"]),
        (2, 1, 0, ["the run has 1 shard, which one process computes"]),
        (4, 2, 2, ["the run has 2 shards"]),
        (4, 8, 2, ["they share the 2 GPUs", "--num-processes 2"]),
    ],
)
def test_more_processes_than_shards_or_gpus_are_told(
    num_processes: int, num_shards: int, num_gpus: int, said: list[str]
) -> None:
    notes = " / ".join(process_notes(num_processes, num_shards, num_gpus))
    assert bool(notes) == bool(said) and all(part in notes for part in said)
