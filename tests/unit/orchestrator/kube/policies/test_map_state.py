"""What a run on a cluster does next, as a table: from its Jobs and pods by way of the decision that every run has."""

import dataclasses

import pytest

from orchestrator.kube.policies.map_state import map_state
from orchestrator.kube.policies.seen import Limits, Seen
from orchestrator.kube.policies.upkeep import KUBE_POLICIES
from orchestrator.kube.state import JobSeen, PodSeen, TerminationMessage
from orchestrator.runs.actions import Fail, Finish, ForceDelete, Wait
from orchestrator.runs.map.decision import Attempt, Delete, Scale, Start, decide
from orchestrator.runs.policy import Policy

LIMITS = Limits(num_shards=4, memory_mib=1000, max_memory_mib=4000)
POLICY = Policy(max_failures=5)
ALL = (0, 1, 2, 3)


def job(phase="active", generation=1, num_indexes=2, **fields):
    return JobSeen(
        f"j-{generation}", generation, phase, "0-3", num_indexes, 2, fields.pop("memory_mib", 1000), **fields
    )


def pod(exit_code=None, index=0, generation=1, **fields):
    phase = "Running" if exit_code is None else "Failed"
    return PodSeen(f"p-{index}", generation, index, fields.pop("phase", phase), "node", exit_code, **fields)


HELD = pod(index=1, deleted_s=1.0, is_held=True)


def create(generation, shards, memory_mib, *, alone=False, why=""):
    return Start(shards, Attempt(generation, memory_mib, alone, why))


def next_step(observed):
    """The first of the actions; after it there is but to wait."""
    first, *rest = decide(map_state(observed, LIMITS), POLICY, KUBE_POLICIES)
    assert all(action == Wait() for action in rest)
    return first


def seen(*jobs, done=(), shards=ALL, since=1, **fields):
    return Seen(frozenset(done), jobs, (shards,) * len(jobs), since=since, **fields)


@pytest.mark.parametrize(
    ("observed", "step"),
    [
        pytest.param(seen(since=0), create(1, ALL, 1000), id="nothing there: the first Job"),
        pytest.param(seen(done=(1, 2), since=0), create(1, (0, 3), 1000), id="only what remains"),
        pytest.param(seen(job(), done=(1,)), Wait(), id="it goes on"),
        pytest.param(
            seen(job("suspended"), done=(1,)), Wait("suspended: `visemill resume` resumes it"), id="suspended"
        ),
        pytest.param(
            seen(job("suspended", queue="team-a"), done=(1,)), Wait("waits in queue team-a"), id="held by its queue"
        ),
        pytest.param(seen(job(), lost=("p-1",)), ForceDelete(("p-1",)), id="pods of lost nodes go first"),
        pytest.param(
            seen(job(completed=frozenset({0})), done=(0, 2), pods=(HELD,)),
            create(2, (1, 3), 1000, why="the last one's pods were on nodes that do not answer"),
            id="a Job that can never end is followed by another",
        ),
        pytest.param(
            seen(job(), job(generation=2), done=(0, 2), pods=(HELD,)),
            Delete("j-1", "another has what it left"),
            id="and removed when it has been",
        ),
        pytest.param(
            seen(job(), done=ALL, pods=(HELD,)),
            Delete("j-1", "its last pods are on nodes that do not answer"),
            id="nor does it stay when all is done",
        ),
        pytest.param(seen(job("complete"), done=ALL, pods=(HELD,)), Finish(), id="a pod that is held is not at work"),
        pytest.param(
            seen(job(), done=(1,), pods=(pod(137, 0, trouble="OOMKilled"), pod(137, 1, trouble="OOMKilled"))),
            create(2, (0, 2, 3), 2000, why="pods ran out of 1000 MiB: they get 2000"),
            id="a Job with too little memory is followed at once",
        ),
        pytest.param(
            seen(job(memory_mib=4000), pods=(pod(137, 0, trouble="OOMKilled"), pod(137, 1, trouble="OOMKilled"))),
            Wait(),
            id="at the cap it has its tries",
        ),
        pytest.param(seen(job(), wanted_parallelism=1), Scale("j-1", 1), id="scaled"),
        pytest.param(seen(job(), wanted_parallelism=9), Scale("j-1", 2), id="to no more pods than indexes"),
        pytest.param(seen(job(), wanted_parallelism=2), Wait(), id="as it is"),
        pytest.param(seen(job("complete"), done=ALL), Finish(), id="all done"),
        pytest.param(seen(done=ALL, since=0), Finish(), id="all done and the Jobs long gone"),
        pytest.param(
            seen(job(), done=ALL, pods=(pod(),)), Wait("all shards are done; the last pods end"), id="a pod still works"
        ),
        pytest.param(
            seen(job(), done=ALL, pods=(pod(phase="Pending"),)), Finish(), id="one that has not begun holds nothing up"
        ),
        pytest.param(
            seen(job("failed"), done=(0,), since=0),
            create(2, (1, 2, 3), 1000, why="the shards that remain"),
            id="a Job that ended before we came: anew",
        ),
        pytest.param(
            seen(job("failed"), done=(0,), since=0, pods=(pod(75, trouble="OOMKilled"),)),
            create(2, (1, 2, 3), 2000, why="the shards that remain"),
            id="of which the memory is remembered",
        ),
        pytest.param(
            seen(job("failed", failed=frozenset({1})), done=(0, 2), pods=(pod(137, 1, trouble="OOMKilled"),)),
            create(2, (1, 3), 2000, why="pods ran out of 1000 MiB: they get 2000"),
            id="more memory for what remains",
        ),
        pytest.param(
            seen(job("failed", failed=frozenset({1})), done=(0, 2), pods=(pod(70, 1),)),
            create(2, (1, 3), 1000, alone=True, why="shards 1, 3 are tried apart from each other"),
            id="siblings of a shard that fails are tried apart",
        ),
        pytest.param(
            seen(job("complete"), done=(0, 1)),
            create(2, (2, 3), 1000, alone=True, why="shards 2, 3 are tried apart from each other"),
            id="commits that somebody took back",
        ),
        pytest.param(seen(job("deleted", generation=2), since=3), None, id="deleted behind our back"),
        pytest.param(seen(job("deleted"), since=0), Wait("a Job of this run is being deleted"), id="being deleted"),
    ],
)
def test_table(observed, step):
    found = next_step(observed)
    if step is None:
        assert isinstance(found, Fail) and found.exit_code == 75 and "deleted" in found.why
    else:
        assert found == step


BAD_CONFIG = pod(78, termination_message=TerminationMessage("BAD_CONFIG", "LIBRARY_CHANGED", "install it"))


@pytest.mark.parametrize(
    ("observed", "exit_code", "words"),
    [
        pytest.param(seen(job(), pods=(BAD_CONFIG,)), 78, "LIBRARY_CHANGED: install it", id="a bad config at once"),
        pytest.param(seen(job(), pods=(pod(64),)), 78, "--image is of another version", id="an image that is too old"),
        pytest.param(seen(job("failed", reason="PodFailurePolicy", message="m")), 78, "m", id="its pod gone already"),
        pytest.param(
            seen(job("ending", failed=frozenset({0})), done=(1, 3), pods=(HELD, pod(65, 0))),
            65,
            "shards 0, 2 have too many",
            id="what has failed is judged though its Job can never end",
        ),
        pytest.param(
            seen(job("failed", failed=frozenset({1})), done=(0, 2), pods=(pod(65, 1),)),
            65,
            "shards 1, 3 have too many",
            id="all that an index with 65 left is bad",
        ),
        pytest.param(
            seen(
                job("failed", failed=frozenset({1}), memory_mib=4000),
                done=(0, 2),
                pods=(pod(137, 1, trouble="OOMKilled"),),
            ),
            78,
            "--pods-max-memory-mib",
            id="memory at its cap",
        ),
        pytest.param(
            seen(
                job("failed", num_indexes=4, failed=frozenset({3})),
                done=(0, 1, 2),
                pods=(
                    pod(75, 3, termination_message=TerminationMessage("TRANSIENT", "STORE_UNREACHABLE", "no answer")),
                ),
            ),
            75,
            "STORE_UNREACHABLE: no answer",
            id="a shard that failed alone is given up",
        ),
        pytest.param(
            seen(job("failed", num_indexes=4, failed=frozenset({3})), done=(0, 1, 2), pods=(pod(137, 3),)),
            70,
            "shards 3 failed",
            id="a signal counts as a bug",
        ),
        pytest.param(seen(job("failed", reason="DeadlineExceeded"), done=(0,)), 75, "--job-deadline-s", id="deadline"),
        pytest.param(
            seen(job("failed", reason="MaxFailedIndexesExceeded", failed=frozenset({0})), pods=(pod(70),)),
            70,
            "shards 0, 1, 2, 3 failed",
            id="so many failed that the rest was not begun",
        ),
        pytest.param(seen(job(), num_quarantined=6), 65, "--max-failures 5", id="over the limit on failures"),
        pytest.param(seen(job("complete", generation=14), done=(0,)), 70, "after 12 Jobs", id="not for ever"),
        pytest.param(seen(since=1), 75, "was deleted", id="cancelled by somebody"),
    ],
)
def test_endings(observed, exit_code, words):
    found = next_step(observed)
    assert isinstance(found, Fail) and found.exit_code == exit_code and words in found.why


LATER = "a Job of this run that has failed ends; another follows it"


@pytest.mark.parametrize(
    ("observed", "step"),
    [
        pytest.param(seen(job(), since=0, pods=(BAD_CONFIG,)), Wait(LATER), id="its Job is about to fail"),
        pytest.param(seen(job("ending"), since=0, pods=(BAD_CONFIG,)), Wait(LATER), id="it fails, and its pods end"),
        pytest.param(seen(job("ending", failed=frozenset({0})), since=0), Wait(LATER), id="whatever it has failed of"),
        pytest.param(
            seen(job("failed", reason="PodFailurePolicy"), since=0, pods=(BAD_CONFIG,)),
            create(2, ALL, 1000, why="the shards that remain"),
            id="then another is made",
        ),
        pytest.param(
            seen(job("failed"), job("ending", 2), since=0, pods=(pod(index=1, generation=2, is_held=True),)),
            create(3, ALL, 1000, why="the shards that remain"),
            id="at once where it would not end",
        ),
        pytest.param(seen(job("deleted"), since=0), Wait("a Job of this run is being deleted"), id="it is deleted"),
        pytest.param(seen(job(), since=0, pods=(pod(70),)), Wait(), id="one that goes on is joined"),
    ],
)
def test_a_run_begun_while_the_last_ones_job_fails_does_not_end_with_its_reason(observed, step):
    assert next_step(observed) == step


def test_a_bad_config_of_an_earlier_job_does_not_end_the_next():
    observed = seen(job("failed"), job(generation=2), since=2, pods=(BAD_CONFIG,))
    assert next_step(observed) == Wait()


def test_two_who_look_at_the_same_make_the_same_job():
    observed = seen(job("failed", failed=frozenset({1})), done=(0, 2), pods=(pod(137, 1, trouble="OOMKilled"),))
    assert next_step(observed) == next_step(dataclasses.replace(observed))


@pytest.mark.parametrize("fault", ["none", "memory", "bug behind siblings"])
def test_a_run_driven_by_the_decision_comes_to_its_end(fault):
    """A cluster that does, in one step, all that a generation can."""
    done, jobs, pods, since = set(), [], (), 0
    for _ in range(50):
        observed = Seen(frozenset(done), tuple(j for j, _ in jobs), tuple(s for _, s in jobs), pods, since=since)
        step = next_step(observed)
        match step:
            case Start(shards, Attempt(generation, memory_mib, alone)):
                since = since or generation
                num_indexes = len(shards) if alone else 1
                fails = {
                    "none": lambda s, mib: False,
                    "memory": lambda s, mib: s == 2 and mib < 4000,
                    "bug behind siblings": lambda s, mib: s == 1,
                }[fault]
                failed = set()
                for index in range(num_indexes):
                    for shard in shards[index::num_indexes]:
                        if fails(shard, memory_mib):
                            failed.add(index)
                            break
                        done.add(shard)
                code = {"memory": 137, "bug behind siblings": 70}.get(fault)
                trouble = "OOMKilled" if fault == "memory" else ""
                pods = tuple(pod(code, index, generation, trouble=trouble) for index in failed)
                phase = "failed" if failed else "complete"
                seen_job = job(phase, generation, num_indexes, failed=frozenset(failed), memory_mib=memory_mib)
                jobs.append((seen_job, shards))
            case _:
                break
    if fault == "bug behind siblings":
        assert isinstance(step, Fail) and step.exit_code == 70 and done == {0, 2, 3}
    else:
        assert step == Finish() and done == set(ALL)
