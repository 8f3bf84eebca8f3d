"""The decision about a pass over shards, as a table: what is observed -> what is done next, whatever the backend."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.runs.actions import Fail, Finish, ForceDelete, Wait
from orchestrator.runs.map.decision import Attempt, BackendPolicies, Failure, MapState, Scale, Start, decide
from orchestrator.runs.policy import Policy

POLICY = Policy(max_attempts=3, max_failures=5)
NEXT = Attempt(2, 1000, why="the shards that remain")


def failed(exit_code=70, num_attempts=1, at_s=0.0, **fields):
    return Failure(exit_code, num_attempts, at_s, **fields)


def state(num_shards=3, **fields):
    sets = {name: frozenset(value) for name, value in fields.items() if name in ("done", "running", "bad")}
    return MapState(num_shards, **{**fields, **sets})


def start(shard, attempt):
    return Start((shard,), Attempt(attempt))


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        pytest.param(state(slots=2), [start(0, 1), start(1, 1), Wait()], id="starts as many as there are slots"),
        pytest.param(state(slots=0), [Wait()], id="waits when no slot is idle"),
        pytest.param(state(done={0, 1}, slots=2), [start(2, 1), Wait()], id="does not repeat what is done"),
        pytest.param(state(running={0, 1, 2}, slots=1), [Wait()], id="does not start what runs"),
        pytest.param(state(done={0, 1, 2}, slots=2), [Finish()], id="finishes when all is done"),
        pytest.param(
            state(done={0, 1, 2}, num_busy=1, note="the last pods end"),
            [Wait("the last pods end")],
            id="not while a worker is at a shard that another has committed",
        ),
        pytest.param(
            state(failures={0: failed(at_s=10.0)}, done={1, 2}, slots=1, now_s=10.5),
            [Wait(at_most_s=0.5)],
            id="waits a second after the first failure",
        ),
        pytest.param(
            state(failures={0: failed(num_attempts=2, at_s=10.0)}, done={1, 2}, slots=1, now_s=12.0),
            [start(0, 3), Wait()],
            id="waits two after the second, and counts the attempt",
        ),
        pytest.param(
            state(failures={0: failed(num_attempts=2, at_s=10.0)}, slots=2, now_s=10.0),
            [start(1, 1), start(2, 1), Wait()],
            id="a shard that waits holds no other up",
        ),
        pytest.param(
            state(stopped=Fail("OTHER_RUN: ...", 78), slots=2), [Fail("OTHER_RUN: ...", 78)], id="a bad config"
        ),
        pytest.param(state(interrupted="interrupted", running={0}), [Fail("interrupted", 130)], id="an interrupt"),
        pytest.param(
            state(done={1}, slots=1, next_attempt=NEXT), [Start((0, 2), NEXT), Wait()], id="all that remain in one slot"
        ),
        pytest.param(
            state(running={0, 1, 2}, next_attempt=NEXT, note="suspended"), [Wait("suspended")], id="what is waited for"
        ),
        pytest.param(
            state(done={1}, bad={2}, slots=1, next_attempt=NEXT), [Start((0,), NEXT), Wait()], id="but the bad ones"
        ),
        pytest.param(
            state(done={0, 1}, failures={2: failed(is_final=True)}, slots=1),
            [Fail("shards 2 failed in every attempt: see the logs, then resume", 70)],
            id="a failure that no other attempt may mend",
        ),
    ],
)
def test_table(observed, expected):
    assert decide(observed, POLICY) == expected


def test_quarantined_clips_over_the_limit_end_the_run_at_once():
    (end,) = decide(state(num_quarantined=6, running={1}, slots=1), POLICY)
    assert isinstance(end, Fail) and end.exit_code == 65 and "--max-failures 5" in end.why
    assert not isinstance(decide(state(num_quarantined=5, slots=1), POLICY)[0], Fail)


@pytest.mark.parametrize(("exit_code", "expected"), [(70, 70), (75, 75), (-9, 70), (1, 70)])
def test_a_shard_that_fails_every_attempt_ends_the_run_with_its_code_once_the_others_are_done(exit_code, expected):
    failures = {0: failed(exit_code, num_attempts=3)}
    assert decide(state(failures=failures, done={1}, running={2}, now_s=1e9), POLICY) == [Wait()]
    (end,) = decide(state(failures=failures, done={1, 2}, slots=1, now_s=1e9), POLICY)
    assert isinstance(end, Fail) and end.exit_code == expected


def test_a_bad_shard_ends_the_run_with_65_once_the_others_are_done():
    (end,) = decide(state(bad={1}, done={0, 2}, slots=1), POLICY)
    assert end == Fail("shards 1 have too many quarantined clips", 65)


def test_what_a_backend_alone_has_is_asked_first_or_when_there_is_nothing_to_start():
    policies = BackendPolicies(
        urgent=(lambda seen: None, lambda seen: ForceDelete(("p",)) if seen.note == "lost" else None),
        idle=(lambda seen: Scale("j", 3),),
    )
    assert decide(state(note="lost", slots=1), POLICY, policies) == [ForceDelete(("p",))]
    assert decide(state(slots=1), POLICY, policies) == [start(0, 1), Wait()]
    assert decide(state(running={0, 1, 2}), POLICY, policies) == [Scale("j", 3)]
    assert decide(state(interrupted="detached", note="lost"), POLICY, policies) == [Fail("detached", 130)]


@given(
    st.integers(1, 8).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.frozensets(st.integers(0, n - 1)),
            st.frozensets(st.integers(0, n - 1)),
            st.dictionaries(
                st.integers(0, n - 1), st.builds(failed, num_attempts=st.integers(1, 4), at_s=st.floats(0, 100))
            ),
            st.integers(0, 4),
            st.floats(0, 1000),
            st.sampled_from([None, NEXT]),
        )
    )
)
def test_never_starts_a_shard_twice_nor_more_than_fit(case):
    num_shards, done, running, failures, slots, now_s, attempt = case
    running -= done
    observed = MapState(num_shards, done, running, failures=failures, slots=slots, next_attempt=attempt, now_s=now_s)
    actions = decide(observed, POLICY)
    starts = [action for action in actions if isinstance(action, Start)]
    started = [shard for action in starts for shard in action.shards]
    assert len(starts) <= slots and len(set(started)) == len(started)
    assert not set(started) & (done | running)
    if not any(isinstance(action, Fail | Finish) for action in actions):
        assert isinstance(actions[-1], Wait)


def test_a_run_driven_by_the_decision_comes_to_an_end():
    """Every shard fails twice, then works; two slots; time passes only while nothing else happens."""
    done, failures, now_s = set(), {}, 0.0
    for _ in range(1000):
        actions = decide(state(5, done=done, failures=dict(failures), slots=2, now_s=now_s), POLICY)
        if actions == [Finish()]:
            break
        for action in actions:
            match action:
                case Start((shard,), Attempt(3)):
                    done.add(shard)
                case Start((shard,), attempt):
                    failures[shard] = failed(num_attempts=attempt.number, at_s=now_s)
                case Wait(_, at_most_s):
                    now_s += at_most_s or 0.1
    assert done == set(range(5))


def test_a_shard_that_is_given_up_says_what_its_worker_said_last_and_where_to_look():
    failures = {2: Failure(75, 4, 0.0, "SERVER_UNAVAILABLE: nobody answers at there:1")}
    observed = state(done={0, 1}, failures=failures, slots=1, now_s=100.0)
    (end,) = decide(observed, Policy())
    said = "shards 2 failed in every attempt (SERVER_UNAVAILABLE: nobody answers at there:1): see the logs, then resume"
    assert end == Fail(said, 75)
    (end,) = decide(dataclasses.replace(observed, logs="`visemill logs`"), Policy())
    assert "see `visemill logs`, then resume" in end.why
