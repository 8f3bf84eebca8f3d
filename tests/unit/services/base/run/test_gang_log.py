"""Who may append to the log of a gang pass, as a table."""

import pytest

from services.base.errors import BadConfig
from services.base.run.gang_log import GangLog, LogEntry, log_entry_from_json

BEGIN_1 = LogEntry("begin", 1, "a")
STEP_5 = LogEntry("checkpoint", 1, "a", 5, "f", "0" * 64, 3)
BEGIN_2 = LogEntry("begin", 2, "b")
DONE_2 = LogEntry("done", 2, "b", 9, outputs={"w": {"sha256": "0" * 64, "size_bytes": 3}})


@pytest.mark.parametrize(
    ("entries", "entry", "refusal"),
    [
        pytest.param([], BEGIN_1, "", id="the first begins"),
        pytest.param([], STEP_5, "no generation has begun", id="nothing before a begin"),
        pytest.param([BEGIN_1], STEP_5, "", id="who has begun commits"),
        pytest.param([BEGIN_1], LogEntry("begin", 1, "c"), "generation 1 has begun", id="two under one number"),
        pytest.param([BEGIN_1], LogEntry("checkpoint", 1, "c", 5), "generation 1 has begun elsewhere", id="its twin"),
        pytest.param([BEGIN_1, STEP_5], STEP_5, "step 5 is committed", id="a step once"),
        pytest.param([BEGIN_1, STEP_5], LogEntry("done", 1, "a", 5), "", id="the result may be the last checkpoint"),
        pytest.param([BEGIN_1, STEP_5], BEGIN_2, "", id="the next begins"),
        pytest.param(
            [BEGIN_1, BEGIN_2], LogEntry("checkpoint", 1, "a", 6), "generation 2 has begun elsewhere", id="a late rank"
        ),
        pytest.param(
            [BEGIN_1, BEGIN_2], LogEntry("done", 1, "a", 6), "generation 2 has begun elsewhere", id="a late end"
        ),
        pytest.param([BEGIN_2], BEGIN_1, "generation 2 has begun", id="a late begin"),
        pytest.param([BEGIN_2, DONE_2], LogEntry("begin", 3, "c"), "the pass is finished", id="nothing after the end"),
    ],
)
def test_who_may_append(entries, entry, refusal):
    assert GangLog(tuple(entries)).refusal(entry) == refusal


def test_the_last_checkpoint_counts_whoever_made_it():
    log = GangLog((BEGIN_1, STEP_5, BEGIN_2))
    assert (log.checkpoints[-1], log.generation, log.progressed, log.is_done) == (STEP_5, 2, frozenset({1}), False)
    whole = GangLog((*log.entries, DONE_2))
    assert (whole.checkpoints[-1], whole.result, whole.step) == (STEP_5, DONE_2, 9)


def test_the_ranks_of_the_newest_generation_are_told():
    fewer = LogEntry("begin", 2, "b", num_ranks=2)
    assert GangLog((LogEntry("begin", 1, "a", num_ranks=4), STEP_5, fewer, DONE_2)).num_ranks == 2
    assert log_entry_from_json(fewer.to_json()) == fewer
    assert GangLog((BEGIN_1,)).num_ranks == GangLog().num_ranks == 0


def test_every_rank_of_a_generation_starts_from_what_was_there_when_it_began():
    log = GangLog((BEGIN_1, STEP_5, BEGIN_2, LogEntry("checkpoint", 2, "b", 7)))
    assert log.begun_as(2) == GangLog((BEGIN_1, STEP_5, BEGIN_2))
    assert log.begun_as(3) is None


@pytest.mark.parametrize("entry", [STEP_5, DONE_2], ids=lambda entry: entry.kind)
def test_an_entry_survives_the_store(entry):
    assert log_entry_from_json(entry.to_json()) == entry


def test_only_a_result_has_outputs():
    with pytest.raises(ValueError, match="no outputs"):
        LogEntry("checkpoint", 1, "a", 5, outputs={"w": {}})


@pytest.mark.parametrize("data", [b"", b"[]", b'{"kind": "begin"}', b'{"kind":"begin","generation":0,"token":"a"}'])
def test_what_is_no_entry_is_refused(data):
    with pytest.raises(BadConfig) as caught:
        log_entry_from_json(data)
    assert caught.value.reason == "BAD_PASS_LOG"
