"""A gang Job on a real cluster: ranks find rank 0 by its name and end with it, and one that fails ends them all."""

import json
from typing import Any

import pytest
from chart_services import CHART, only

from orchestrator.kube.job_manifest import GangJob, RunId, gang_job
from orchestrator.kube.pod_manifest import PodSettings

pytestmark = pytest.mark.slow

NUM_RANKS = 3
# Rank 0 hears from all others at its name, says what it heard and ends; they would stay for ever.
MEET = """
import os, socket, sys, time
rank, num_ranks = int(os.environ["GROUP_RANK"]), int(os.environ["WORLD_SIZE"])
place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
if rank == 0:
    with socket.create_server(("", place[1])) as server:
        heard = [server.accept()[0].recv(9).decode() for _ in range(num_ranks - 1)]
    print("heard", *sorted(heard), "of", num_ranks)
    sys.exit()
for _ in range(300):
    try:
        line = socket.create_connection(place, 2)
        break
    except OSError:
        time.sleep(0.1)
line.sendall(str(rank).encode())
time.sleep(600)
"""
FAIL = "import os, sys, time; os.environ['GROUP_RANK'] == '1' and sys.exit({code}); time.sleep(600)"


@pytest.fixture
def begin(cluster: Any, images: Any, namespace: str) -> Any:
    """Makes the gang Job of a program, beside what the chart installs for it; its name."""
    off = [f"--set={name}=false" for name in only()]
    cluster.load("worker")
    cluster.helm("install", "visemill", CHART, "-n", namespace, *off)

    def make(program: str) -> str:
        pods = PodSettings(images.name("worker"), service_account="visemill-worker", cpu=0.3, memory_mib=64, grace_s=1)
        run = RunId("gang", "s3://b/o", "train")
        job = gang_job(GangJob(run, 1, ["python3", "-c", program], NUM_RANKS, pods))
        job["metadata"]["namespace"] = namespace
        cluster.apply(job)
        return str(job["metadata"]["name"])

    yield make
    cluster.helm("uninstall", "visemill", "-n", namespace, code=None)


def ended(cluster: Any, namespace: str, job: str) -> dict[str, str]:
    """The condition with which the Job has ended, none of its pods left at work."""

    def condition() -> dict[str, str] | None:
        status = cluster.get("job", job, "-n", namespace)["status"]
        true = [c for c in status.get("conditions", ()) if c["status"] == "True"]
        last = [c for c in true if c["type"] in ("Complete", "Failed")]
        return last[0] if last and not status.get("active") and not status.get("terminating") else None

    return cluster.wait("the end of the gang", condition, 90)


def test_ranks_meet_at_rank_0_by_its_name_and_end_with_it(cluster, namespace, begin) -> None:
    job = begin(MEET)
    assert ended(cluster, namespace, job)["type"] == "Complete"
    first = cluster.get("pods", "-n", namespace, "-l", "batch.kubernetes.io/job-completion-index=0")["items"]
    said = cluster.kubectl("logs", "-n", namespace, first[0]["metadata"]["name"])
    assert said.split() == ["heard", "1", "2", "of", "3"], json.dumps(first[0]["status"])


@pytest.mark.parametrize(("code", "reason"), [(70, "BackoffLimitExceeded"), (78, "PodFailurePolicy")])
def test_one_rank_that_fails_ends_them_all(cluster, namespace, begin, code, reason) -> None:
    """Over 20 s for 70: Kubernetes tries a rank once more, 10 and 20 s later."""
    end = ended(cluster, namespace, begin(FAIL.format(code=code)))
    assert (end["type"], end["reason"]) == ("Failed", reason)
