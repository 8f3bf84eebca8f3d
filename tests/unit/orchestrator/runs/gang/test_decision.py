"""The decision about a gang pass, as a table: what is seen -> what is done next."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.runs.actions import Fail, Finish, ForceDelete, Wait
from orchestrator.runs.gang.decision import End, Fewer, GangState, Generation, Start, decide
from services.base.run.gang_log import GangLog, LogEntry

LATER = 100.0
TWO_OF_FOUR = {"num_placed": 2, "num_unplaced": 2}
FEWER = Fewer(min_pods=2, after_s=60.0, ranks_per_pod=2)


def log(*kinds):
    """begin1, step1, done2: kinds with their generations."""
    names = {"begin": "begin", "step": "checkpoint", "done": "done"}
    return GangLog(tuple(LogEntry(names[kind[:-1]], int(kind[-1]), "t", step) for step, kind in enumerate(kinds)))


def gen(number, phase="running", ended_s_ago=LATER, **fields):
    exit_codes = {int(name[1:]): code for name, code in fields.items() if name[0] == "p" and name[1:].isdigit()}
    rest = {name: value for name, value in fields.items() if not name[1:].isdigit()}
    return Generation(number, phase, exit_codes, ended_s_ago=ended_s_ago, **rest)


def state(kinds, *generations, since=1, **fields):
    return GangState(log(*kinds.split()), generations, since, **fields)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(state("", since=0), Start(1), id="the first generation"),
        pytest.param(state("begin1 step1", since=0), Start(2), id="who comes later goes on with the next"),
        pytest.param(state("begin1", gen(1), since=0), Wait(), id="who comes later joins what lives"),
        pytest.param(
            state("begin1", gen(1, "ended", p1=78), since=0),
            Start(2, "from the last checkpoint"),
            id="what ended before it came is not held against it",
        ),
        pytest.param(state("begin1", gen(1)), Wait(), id="waits while all work"),
        pytest.param(state("", gen(1)), Wait(), id="waits for ranks to meet"),
        pytest.param(state("begin1", gen(1, p1=0)), Wait(), id="a rank that ends well before rank 0 is no failure"),
        pytest.param(
            state("begin1", gen(1, p1=137)),
            Start(2, "pod 1 of generation 1 ended with 137"),
            id="a rank that died ends its generation, though the others wait for it",
        ),
        pytest.param(
            state("begin1", gen(1, p1=137, p0=75)),
            Start(2, "pod 1 of generation 1 ended with 137"),
            id="one that was asked to end is not the one that failed",
        ),
        pytest.param(
            state("begin1", gen(1, p0=0)),
            Start(2, "generation 1 ended and committed no result"),
            id="rank 0 alone finishes",
        ),
        pytest.param(
            state("begin1", gen(1, disrupted=True)),
            Start(2, "a pod of generation 1 was deleted or lost its node"),
            id="a pod on its way out is a rank that died",
        ),
        pytest.param(
            state("begin1", gen(1, "ended", disrupted=True, ended_s_ago=0.0)),
            Start(2, "a pod of generation 1 was deleted or lost its node"),
            id="and nothing is waited for",
        ),
        pytest.param(state("begin1", gen(1), gen(2)), End(1), id="what another followed ends"),
        pytest.param(
            state("begin1", gen(1, "deleted"), gen(2)),
            Wait(),
            id="what is being deleted is let alone",
        ),
        pytest.param(
            state("begin1", gen(1, "ended", ended_s_ago=0.25, p1=70)),
            Wait("generation 2 follows soon", 0.75),
            id="a second after the first failure",
        ),
        pytest.param(
            state("begin1", gen(1, "ended", p0=70), gen(2, "ended", ended_s_ago=1.5, p0=65)),
            Wait("generation 3 follows soon", 0.5),
            id="two after the second",
        ),
        pytest.param(
            state("begin1", *(gen(n, "ended", p0=70, detail="BUG: x") for n in (1, 2, 3))),
            Fail("3 generations failed without a checkpoint (BUG: x): see the logs, then resume", 70),
            id="every attempt failed",
        ),
        pytest.param(
            state("begin1", *(gen(n, "ended", p0=65) for n in (1, 2, 3))),
            Fail("3 generations failed without a checkpoint: see the logs, then resume", 70),
            id="65 is of shards: a gang has none",
        ),
        pytest.param(
            state("begin1 step2 begin3", *(gen(n, "ended", p0=70) for n in (1, 2, 3))),
            Start(4, "pod 0 of generation 3 ended with 70"),
            id="a checkpoint begins the count anew",
        ),
        pytest.param(
            state("begin1", *(gen(n, "ended", p0=75, detail="RANK_LOST: rank 0 has lost rank 1") for n in (1, 2, 3))),
            Fail(
                "3 generations failed without a checkpoint (RANK_LOST: rank 0 has lost rank 1): see the logs, then "
                "resume",
                75,
            ),
            id="ends with 75 are counted as any other",
        ),
        pytest.param(
            state("begin1", gen(1, "ended", p0=70), gen(2, "ended", p0=75), gen(3, "ended", p0=0)),
            Fail("3 generations failed without a checkpoint: see the logs, then resume", 70),
            id="so is one whose rank 0 ended well and committed nothing",
        ),
        pytest.param(
            state("begin1 step1 begin2", *(gen(n, "ended", p0=75) for n in (1, 2, 3))),
            Start(4, "pod 0 of generation 3 ended with 75"),
            id="from the last checkpoint on",
        ),
        pytest.param(
            state("begin1", *(gen(n, "ended", p0=75, disrupted=True) for n in (1, 2, 3, 4))),
            Start(5, "a pod of generation 4 was deleted or lost its node"),
            id="not where a pod was deleted, which the others have lost",
        ),
        pytest.param(
            state("begin1", *(gen(n, "ended", disrupted=True) for n in range(1, 21))),
            Fail("20 generations ended without a checkpoint: see the logs, then resume", 75),
            id="but not borne for ever",
        ),
        pytest.param(
            state("begin1 step1", gen(21, "ended", disrupted=True)),
            Fail("20 generations ended without a checkpoint: see the logs, then resume", 75),
            id="nor where the Jobs of those before are gone",
        ),
        pytest.param(
            state("begin1", gen(1, p1=78, detail="NO_DATA: none")),
            Fail("NO_DATA: none", 78),
            id="a setting that cannot work ends the run at once",
        ),
        pytest.param(
            state("begin1", gen(1, "ended", p0=75, p1=78, detail="NO_DATA: none"), gen(2)),
            Fail("NO_DATA: none", 78),
            id="even when the others had ended before it, and another generation has begun",
        ),
        pytest.param(
            state("begin1", gen(1, p0=70, p1=64)),
            Fail("a rank ended with 64, a setting that cannot work", 78),
            id="so does a flag that the image does not know",
        ),
        pytest.param(
            state("begin1", gen(1, "ended", p1=137), unit="process"),
            Start(2, "process 1 of generation 1 ended with 137"),
            id="on a machine it is a process that ended",
        ),
        pytest.param(
            state("", gen(1, **TWO_OF_FOUR, unplaced_for_s=600.0)),
            Wait("2 of 4 pods have no node"),
            id="pods without a node are waited for",
        ),
        pytest.param(
            state("", gen(1, **TWO_OF_FOUR, unplaced_for_s=45.0), fewer=FEWER),
            Wait("2 of 4 pods have no node: after 1m 00s the others go on without them", 15.0),
            id="for a while where fewer may go on",
        ),
        pytest.param(
            state("", gen(1, **TWO_OF_FOUR, unplaced_for_s=60.0), fewer=FEWER),
            Start(2, "with 4 of 8 ranks, since 2 of 4 pods of generation 1 had no node", 2),
            id="and then as many go on as have a node",
        ),
        pytest.param(
            state("", gen(1, num_placed=1, num_unplaced=3, unplaced_for_s=600.0), fewer=FEWER),
            Wait("3 of 4 pods have no node"),
            id="but not fewer than the least",
        ),
        pytest.param(
            state("begin1 step1", gen(1, num_placed=2, unplaced_for_s=0.0), fewer=FEWER),
            Wait(),
            id="a smaller generation works on as it is",
        ),
        pytest.param(
            state("begin2 step2", gen(2, "ended", num_placed=2, disrupted=True), fewer=FEWER),
            Start(3, "a pod of generation 2 was deleted or lost its node"),
            id="the one after it asks for all pods again",
        ),
        pytest.param(
            state("", gen(1, "ended", **TWO_OF_FOUR, p0=75), fewer=FEWER),
            Start(2, "with 4 of 8 ranks, since 2 of 4 pods of generation 1 had no node", 2),
            id="ranks that have given up waiting for the others go on without them",
        ),
        pytest.param(
            state("", *(gen(n, "ended", **TWO_OF_FOUR, p0=75) for n in (1, 2, 3, 4))),
            Start(5, "pod 0 of generation 4 ended with 75"),
            id="that they have waited in vain is not counted",
        ),
        pytest.param(
            state("", *(gen(n, "ended", **TWO_OF_FOUR, p0=70) for n in (1, 2, 3)), fewer=FEWER),
            Fail("3 generations failed without a checkpoint: see the logs, then resume", 70),
            id="any other end is, whatever the nodes",
        ),
        pytest.param(state("begin1 done1", gen(1, "ended", p0=0)), Finish(), id="finished"),
        pytest.param(state("begin1 done1", since=0), Finish(), id="finished before"),
        pytest.param(
            state("begin1 done1", gen(1)), Wait("the result is committed; the ranks end", 30.0), id="lets it end"
        ),
        pytest.param(state("begin1 done1", gen(1), done_for_s=31.0), End(1), id="one that hangs after its result"),
        pytest.param(state("begin1 done1", gen(1, p0=0)), End(1), id="the others end with rank 0"),
        pytest.param(state("begin1 done1", gen(1, "ended", p0=0, p1=70)), Finish(), id="the result counts"),
        pytest.param(
            state("begin1", gen(1, "suspended")),
            Wait("suspended: `visemill resume` lets it go on"),
            id="suspended",
        ),
        pytest.param(state("begin1", gen(1, "suspended"), wakes=True), Start(2, "resumed"), id="resumed"),
        pytest.param(
            state("begin1", gen(1, "suspended", queue="q"), wakes=True), Wait("waits in queue q"), id="held by Kueue"
        ),
        pytest.param(
            state("begin1", gen(1, "deleted")),
            Fail("its Job was deleted: `visemill resume` goes on from the last checkpoint", 75),
            id="cancelled",
        ),
        pytest.param(
            state("begin1"),
            Fail("its Job was deleted: `visemill resume` goes on from the last checkpoint", 75),
            id="cancelled, and gone",
        ),
        pytest.param(state("begin1", gen(1), interrupted=True), Fail("interrupted", 75), id="interrupted"),
        pytest.param(
            state("begin1 done1", gen(1, "ended", p0=0), interrupted=True), Finish(), id="interrupted after the result"
        ),
        pytest.param(state("begin1", gen(1), lost=("a", "b")), ForceDelete(("a", "b")), id="pods of a lost node"),
    ],
)
def test_what_comes_next(seen, expected):
    assert decide(seen, max_attempts=3) == expected


GENERATIONS = st.lists(
    st.builds(
        Generation,
        st.just(0),
        st.sampled_from(["running", "suspended", "ended", "deleted"]),
        st.dictionaries(st.integers(0, 3), st.sampled_from([0, 65, 70, 75, 78, 137])),
        st.booleans(),
        st.floats(0, 100),
    ),
    max_size=5,
).map(lambda found: tuple(dataclasses.replace(one, number=n + 1) for n, one in enumerate(found)))
KINDS = st.sampled_from(["", "begin1", "begin1 step1", "begin1 step1 begin2", "begin1 begin2 done2"])


@given(GENERATIONS, KINDS, st.integers(0, 3), st.booleans())
def test_a_generation_is_never_started_twice_nor_after_the_end(generations, kinds, since, interrupted):
    seen = GangState(log(*kinds.split()), generations, since, interrupted=interrupted)
    action = decide(seen, max_attempts=3)
    if isinstance(action, Start):
        assert not seen.log.is_done
        assert action.generation > max([seen.log.generation, *(one.number for one in generations)])
        assert not any(one.is_live for one in generations[:-1])
    if isinstance(action, Finish):
        assert seen.log.is_done and not any(one.is_live for one in generations)
