"""Jobs as dicts: what each setting becomes, and that the API of every supported minor takes it."""

import dataclasses

import kubernetes_validate
import pytest

from orchestrator.execution.local_gang import rank_environment
from orchestrator.kube.job_manifest import GangJob, MapJob, RunId, gang_job, map_job
from orchestrator.kube.pod_manifest import PodSettings, Toleration
from services.base.run.passes import gang_pass

PODS = PodSettings("visemill-worker:1", env_from=("visemill-s3",))
RUN = RunId("r1", "s3://bucket/out/.visemill")
MAP = MapJob(RUN, 2, ["decode,records", "work", "--run", "r1"], "0-9", 5, 3, PODS)
GANG = GangJob(RunId("r1", "s3://bucket/out/.visemill", "train"), 3, ["python3", "-m", "training"], 8, PODS, 2)
FULL = PodSettings(
    "registry:5000/x@sha256:0",
    "Always",
    ("pull",),
    "worker",
    {"gpu": "yes"},
    (Toleration("nvidia.com/gpu", effect="NoSchedule"), Toleration("team", "a")),
    1.5,
    2048,
    1,
    "high",
    "topology.kubernetes.io/zone",
    ("s3", "more"),
    "certs",
    "models",
    512,
)


def container(job):
    return job["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("version", ["1.34", "1.35", "1.36"])
@pytest.mark.parametrize(
    "job",
    [
        map_job(MAP),
        gang_job(GANG),
        map_job(dataclasses.replace(MAP, pods=FULL, queue="q", deadline_s=60)),
        gang_job(dataclasses.replace(GANG, pods=FULL, queue="q")),
    ],
    ids=["map", "gang", "map with everything", "gang with everything"],
)
def test_the_api_takes_it(job, version):
    kubernetes_validate.validate(job, version, strict=True)


def test_an_index_is_told_its_part_and_what_it_is_retried_for():
    job = map_job(MAP)
    spec = job["spec"]
    assert container(job)["args"][4:] == [
        *("--shards", "0-9", "--index", "$(JOB_COMPLETION_INDEX)", "--num-indexes", "5")
    ]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 5, 3)
    assert (spec["backoffLimitPerIndex"], spec["maxFailedIndexes"]) == (3, 5)
    assert spec["podReplacementPolicy"] == "Failed"
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["ttlSecondsAfterFinished"] == 86400
    assert "suspend" not in spec and "activeDeadlineSeconds" not in spec


def test_disruptions_come_before_exit_codes():
    disrupted, config, shard = map_job(MAP)["spec"]["podFailurePolicy"]["rules"]
    assert disrupted == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert (config["action"], config["onExitCodes"]["values"]) == ("FailJob", [64, 78])
    assert (shard["action"], shard["onExitCodes"]["values"]) == ("FailIndex", [65])


def test_pods_have_no_rights():
    spec = map_job(MAP)["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    security = spec["containers"][0]["securityContext"]
    assert security["readOnlyRootFilesystem"] is True and security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert spec["volumes"] == [{"name": "scratch", "emptyDir": {"sizeLimit": "1024Mi"}}]
    assert {"name": "HOME", "value": "/tmp"} in spec["containers"][0]["env"]


def test_shared_memory_is_of_the_pods_memory_as_much_as_is_asked_for():
    pods = dataclasses.replace(MAP.pods, shm_mib=256)
    spec = map_job(dataclasses.replace(MAP, pods=pods))["spec"]["template"]["spec"]
    assert spec["volumes"][1:] == [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}}]
    assert {"name": "shm", "mountPath": "/dev/shm"} in spec["containers"][0]["volumeMounts"]


def test_a_queue_starts_the_job_itself():
    job = map_job(dataclasses.replace(MAP, queue="team-a"))
    assert job["spec"]["suspend"] is True
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "team-a"


def test_every_setting_of_a_pod_is_in_its_template():
    spec = map_job(dataclasses.replace(MAP, pods=FULL))["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == "worker" and spec["priorityClassName"] == "high"
    assert spec["nodeSelector"] == {"gpu": "yes"} and spec["imagePullSecrets"] == [{"name": "pull"}]
    assert spec["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "team", "operator": "Equal", "value": "a"},
    ]
    (rule,) = spec["topologySpreadConstraints"]
    assert rule["topologyKey"] == "topology.kubernetes.io/zone"
    assert rule["labelSelector"]["matchLabels"]["visemill.dev/run"] == "r1"
    worker = spec["containers"][0]
    limits = {"cpu": "1500m", "memory": "2048Mi", "nvidia.com/gpu": "1"}
    assert worker["resources"] == {"requests": limits, "limits": limits}
    assert [source["secretRef"]["name"] for source in worker["envFrom"]] == ["s3", "more"]
    assert {"name": "VISEMILL_MODELS", "value": "/models:/opt/visemill/models"} in worker["env"]
    assert [mount["mountPath"] for mount in worker["volumeMounts"]] == [
        "/tmp",
        "/etc/visemill/tls",
        "/models",
    ]
    assert {"name": "VISEMILL_TLS_CA", "value": "/etc/visemill/tls/ca.crt"} in worker["env"]


def test_the_ranks_of_a_gang_find_rank_0_and_fail_together():
    job = gang_job(GANG)
    spec, environment = job["spec"], {item["name"]: item for item in container(job)["env"]}
    name = job["metadata"]["name"]
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (4, 4, 0)
    assert "backoffLimitPerIndex" not in spec
    assert spec["successPolicy"] == {"rules": [{"succeededIndexes": "0"}]}
    assert [rule["action"] for rule in spec["podFailurePolicy"]["rules"]] == ["FailJob"]
    assert spec["template"]["spec"]["subdomain"] == "visemill-gang"
    assert environment["MASTER_ADDR"]["value"] == f"{name}-0.visemill-gang"
    assert (environment["WORLD_SIZE"]["value"], environment["MASTER_PORT"]["value"]) == ("8", "29500")
    assert environment["VISEMILL_GENERATION"]["value"] == "3"
    assert "job-completion-index" in environment["GROUP_RANK"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert container(job)["command"] == ["python3", "-m", "training"]


def test_ranks_on_this_machine_get_the_environment_of_a_pod_but_for_an_index_that_kubernetes_fills_in():
    of_pods = {item["name"] for item in container(gang_job(GANG))["env"]} - {
        item["name"] for item in container(map_job(MAP))["env"]
    }
    assert set(rank_environment(gang_pass("train", "toy", 8, {}, [], ranks_per_pod=2), 3, 0, 29500)) == of_pods


def test_a_gangs_jobs_are_apart_from_those_of_the_shards():
    shards, gang = map_job(MAP)["metadata"], gang_job(dataclasses.replace(GANG, generation=MAP.generation))["metadata"]
    assert shards["name"] != gang["name"]
    assert "visemill.dev/pass" not in shards["labels"] and gang["labels"]["visemill.dev/pass"] == "train"


def test_the_longest_names_of_a_gang_are_host_names():
    run = RunId("a" * 100, "s3://b/o", "p" * 16)
    job = gang_job(dataclasses.replace(GANG, run=run, generation=9999, num_ranks=4096, ranks_per_pod=1))
    assert len(f"{job['metadata']['name']}-4095") <= 63


@pytest.mark.parametrize("run", ["r1", "0123456789abcdef", "My.Run_2", "a" * 100, "_", "-x-", "a.", "Ünicode"])
def test_names_and_labels_are_what_kubernetes_takes(run):
    job = map_job(dataclasses.replace(MAP, run=RunId(run, "s3://b/o"), generation=9999, num_indexes=100_000))
    name = job["metadata"]["name"]
    # A pod's host name: the Job's, and its index.
    assert len(f"{name}-99999") <= 63
    kubernetes_validate.validate(job, "1.34", strict=True)
    assert all(part.isascii() and part.replace("-", "a").isalnum() and not part.startswith("-") for part in [name])
    for value in job["metadata"]["labels"].values():
        assert len(value) <= 63 and value[0].isalnum() and value[-1].isalnum()
    assert job["metadata"]["annotations"]["visemill.dev/run-name"] == run


def test_runs_of_one_name_in_two_places_are_two():
    here, there = RunId("r", "s3://b/one"), RunId("r", "s3://b/two")
    assert here.job_name(1) != there.job_name(1) and here.labels != there.labels
    assert RunId("A", "s").job_name(1) != RunId("a", "s").job_name(1)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: dataclasses.replace(MAP, num_indexes=0),
        lambda: dataclasses.replace(MAP, parallelism=0),
        lambda: dataclasses.replace(MAP, num_retries=-1),
        lambda: dataclasses.replace(GANG, num_ranks=0),
        lambda: dataclasses.replace(GANG, ranks_per_pod=3),
        lambda: PodSettings(""),
        lambda: PodSettings("x", cpu=0),
        lambda: PodSettings("x", memory_mib=1),
        lambda: PodSettings("x", scratch_mib=0),
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError):
        wrong()
