"""The decision, as a table: what is observed -> what is done next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.execution.decision import Failure, Finish, Observed, Start, Stop, Wait, decide
from orchestrator.runs.policy import Policy

POLICY = Policy(max_attempts=3, max_failures=5)


def failed(exit_code=70, num_attempts=1, at_s=0.0):
    return Failure(exit_code, num_attempts, at_s)


@pytest.mark.parametrize(
    ("observed", "now_s", "expected"),
    [
        pytest.param(
            Observed(idle=2), 0, [Start(0, 1), Start(1, 1), Wait(None)], id="starts as many as there are places"
        ),
        pytest.param(Observed(idle=0), 0, [Wait(None)], id="waits when no place is idle"),
        pytest.param(
            Observed(done=frozenset({0, 1}), idle=2), 0, [Start(2, 1), Wait(None)], id="does not repeat what is done"
        ),
        pytest.param(Observed(running=frozenset({0, 1, 2}), idle=1), 0, [Wait(None)], id="does not start what runs"),
        pytest.param(Observed(done=frozenset({0, 1, 2}), idle=2), 0, [Finish()], id="finishes when all is done"),
        pytest.param(
            Observed(failures={0: failed(num_attempts=1, at_s=10.0)}, done=frozenset({1, 2}), idle=1),
            10.5,
            [Wait(11.0)],
            id="waits a second after the first failure",
        ),
        pytest.param(
            Observed(failures={0: failed(num_attempts=2, at_s=10.0)}, done=frozenset({1, 2}), idle=1),
            12.0,
            [Start(0, 3), Wait(None)],
            id="waits two after the second, and counts the attempt",
        ),
        pytest.param(
            Observed(failures={0: failed(num_attempts=2, at_s=10.0)}, idle=2),
            10.0,
            [Start(1, 1), Start(2, 1), Wait(None)],
            id="a shard that waits holds no other up",
        ),
        pytest.param(
            Observed(config_error="OTHER_RUN: ...", idle=2),
            0,
            [Stop(78, "OTHER_RUN: ...")],
            id="a bad config ends the run",
        ),
        pytest.param(
            Observed(interrupted=True, running=frozenset({0})), 0, [Stop(75, "interrupted")], id="an interrupt ends it"
        ),
    ],
)
def test_table(observed, now_s, expected):
    assert decide(3, observed, POLICY, now_s) == expected


def test_quarantined_clips_over_the_limit_end_the_run_at_once():
    (stop,) = decide(3, Observed(num_quarantined=6, running=frozenset({1}), idle=1), POLICY, 0)
    assert isinstance(stop, Stop) and stop.exit_code == 65 and "--max-failures 5" in stop.why
    assert not isinstance(decide(3, Observed(num_quarantined=5, idle=1), POLICY, 0)[0], Stop)


@pytest.mark.parametrize(("exit_code", "expected"), [(70, 70), (75, 75), (-9, 70), (1, 70)])
def test_a_shard_that_fails_every_attempt_ends_the_run_with_its_code_once_the_others_are_done(exit_code, expected):
    failures = {0: failed(exit_code, num_attempts=3)}
    assert decide(3, Observed(failures=failures, done=frozenset({1}), running=frozenset({2})), POLICY, 1e9) == [
        Wait(None)
    ]
    (stop,) = decide(3, Observed(failures=failures, done=frozenset({1, 2}), idle=1), POLICY, 1e9)
    assert isinstance(stop, Stop) and stop.exit_code == expected


def test_a_bad_shard_ends_the_run_with_65_once_the_others_are_done():
    (stop,) = decide(3, Observed(bad=frozenset({1}), done=frozenset({0, 2}), idle=1), POLICY, 0)
    assert isinstance(stop, Stop) and stop.exit_code == 65


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
        )
    )
)
def test_never_starts_a_shard_twice_nor_more_than_fit(case):
    num_shards, done, running, failures, idle, now_s = case
    running -= done
    actions = decide(num_shards, Observed(done, running, frozenset(), failures, 0, idle), POLICY, now_s)
    started = [a.shard for a in actions if isinstance(a, Start)]
    assert len(started) <= idle and len(set(started)) == len(started)
    assert not set(started) & (done | running)
    if not any(isinstance(a, Stop | Finish) for a in actions):
        assert isinstance(actions[-1], Wait)


def test_a_run_driven_by_the_decision_comes_to_an_end():
    """Every shard fails twice, then works; two places; time passes only while nothing else happens."""
    done, failures, now_s = set(), {}, 0.0
    for _ in range(1000):
        actions = decide(5, Observed(frozenset(done), frozenset(), frozenset(), failures, 0, 2), POLICY, now_s)
        if actions == [Finish()]:
            break
        for action in actions:
            match action:
                case Start(shard, 3):
                    done.add(shard)
                case Start(shard, attempt):
                    failures[shard] = failed(num_attempts=attempt, at_s=now_s)
                case Wait(until_s) if until_s is not None:
                    now_s = until_s
                case Wait():
                    now_s += 0.1
    assert done == set(range(5))


def test_a_shard_that_is_given_up_says_what_its_worker_said_last():
    failures = {2: Failure(75, 4, 0.0, "SERVER_UNAVAILABLE: nobody answers at there:1")}
    (answer,) = decide(3, Observed(done=frozenset({0, 1}), failures=failures, idle=1), Policy(), 100.0)
    assert isinstance(answer, Stop)
    assert answer.why == (
        "shards 2 failed in every attempt (SERVER_UNAVAILABLE: nobody answers at there:1): see the logs, then resume"
    )
