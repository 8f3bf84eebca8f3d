"""Which pods are at work."""

from orchestrator.kube.policies.seen import Seen
from orchestrator.kube.state import PodSeen


def test_pods_that_run_are_at_work_but_those_that_a_finalizer_holds():
    running, pending = PodSeen("p-0", 1, 0, "Running"), PodSeen("p-1", 1, 1, "Pending")
    held, ended = PodSeen("p-2", 1, 2, "Running", is_held=True), PodSeen("p-3", 1, 3, "Failed", exit_code=1)
    assert Seen(frozenset(), pods=(running, pending, held, ended)).pods_at_work == (running,)
