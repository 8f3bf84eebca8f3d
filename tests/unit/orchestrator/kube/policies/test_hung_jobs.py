import pytest

from orchestrator.kube.policies.hung_jobs import is_hung
from orchestrator.kube.state import JobSeen, PodSeen


def job(phase="active", completed=(), failed=()):
    return JobSeen("j", 2, phase, "0-9", 4, 2, 1000, frozenset(completed), frozenset(failed))


def pod(index, phase="Running", generation=2, *, is_held=False):
    return PodSeen(f"p-{index}", generation, index, phase, "node", is_held=is_held)


@pytest.mark.parametrize(
    ("found", "pods", "hung"),
    [
        pytest.param(job(completed=(0, 1, 2)), [pod(3, is_held=True)], True, id="the last index is held"),
        pytest.param(job(), [pod(0, is_held=True), pod(1, is_held=True)], True, id="every place is held"),
        pytest.param(job(), [pod(0, is_held=True), pod(1)], False, id="another works on"),
        pytest.param(job(), [pod(0, is_held=True), pod(1, "Pending")], False, id="another is about to"),
        pytest.param(job(), [pod(0, is_held=True)], False, id="there is room for another"),
        pytest.param(
            job(failed=(1, 2, 3)), [pod(0, is_held=True), pod(1, "Failed")], True, id="one that has ended is no other"
        ),
        pytest.param(job("ending"), [pod(0, is_held=True)], True, id="a Job that ends begins no other"),
        pytest.param(job("suspended"), [pod(0, is_held=True)], False, id="a suspended one may wait"),
        pytest.param(job("failed"), [pod(0, is_held=True)], False, id="it has ended"),
        pytest.param(job(completed=(0, 1, 2)), [pod(3, generation=1, is_held=True)], False, id="an older Job's"),
        pytest.param(job(), [], False, id="nothing is held"),
    ],
)
def test_table(found, pods, hung):
    assert is_hung(found, pods) == hung
