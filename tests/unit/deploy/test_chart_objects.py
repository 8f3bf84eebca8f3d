"""What the chart makes of its values."""

import hashlib
import json
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from services.base.rpc.server import LIVENESS

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "deploy" / "helm" / "visemill"
SERVICES = {"audio", "decode", "landmarks", "features", "triton", "orchestrator"}
MINORS = ("1.31", "1.32", "1.33", "1.34", "1.35")
TLS = {"tls": {"enabled": True, "existingSecret": "certs"}}
EVERYTHING = {
    **TLS,
    "image": {"registry": "registry.example/team/", "tag": "9", "pullSecrets": ["pull"]},
    "s3": {"roots": ["s3://b/x"], "registry": "s3://b/runs"},
    "remoteStages": ["landmarks"],
    "monitoring": {"dashboard": {"enabled": True}},
    "minio": {"enabled": True, "image": "minio:1", "secretKey": "12345678"},
    "services": {
        "triton": {"gpus": 1, "nodeSelector": {"gpu": "yes"}, "runtimeClassName": "nvidia", "volumes": []},
        "lipreading": {"enabled": True, "flags": {"bundle": "/models/lipreader"}},
        "talker": {"enabled": True, "flags": {"heads": "/models/heads", "persons": "/models/persons"}},
        "speech": {"enabled": True, "gpus": 1, "flags": {"tokenizer": "/models/bpe.model", "language": "am"}},
        "landmarks-dlib": {"args": ["landmarks", "serve"], "flags": {"backend": "dlib"}, "callers": ["worker"]},
    },
}
VARIANTS = {
    "defaults": {},
    "everything": EVERYTHING,
    "least": {
        "networkPolicy": {"enabled": False},
        "rbac": {"create": False},
        "priorityClasses": {"create": False},
        "s3": {"existingSecret": ""},
        "runAsUser": None,
        "services": {name: {"enabled": False} for name in SERVICES - {"landmarks"}},
    },
}


def args_of(pod: dict[str, Any]) -> list[str]:
    return pod["containers"][0].get("args", [])


def environment_of(pod: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in pod["containers"][0].get("env", [])}


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_objects_are_what_the_api_takes(chart: Callable[..., Any], variant: str, minor: str) -> None:
    made = chart(VARIANTS[variant])
    for one in made.objects:
        kubernetes_validate.validate(one, minor, strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_pod_is_restricted_and_bounded(chart: Callable[..., Any], variant: str) -> None:
    pods = chart(VARIANTS[variant]).pods()
    for name, pod in pods.items():
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True and security["seccompProfile"]["type"] == "RuntimeDefault", name
        assert pod["enableServiceLinks"] is False, name
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            held = container["resources"]
            assert {"cpu", "memory", "ephemeral-storage"} <= set(held["requests"]), name
            assert {"memory", "ephemeral-storage"} <= set(held["limits"]), name
        for volume in pod["volumes"]:
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"], name


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_the_orchestrator_gets_a_token(chart: Callable[..., Any], variant: str) -> None:
    made = chart(VARIANTS[variant])
    with_token = {name for name, pod in made.pods().items() if pod["automountServiceAccountToken"]}
    assert with_token <= {"visemill-orchestrator"}
    accounts = made.all("ServiceAccount")
    assert accounts["visemill-worker"]["automountServiceAccountToken"] is False


def test_every_service_has_its_objects(chart: Callable[..., Any]) -> None:
    made = chart()
    names = {f"visemill-{service}" for service in SERVICES}
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert set(made.all(kind)) == names
    assert set(made.all("Service")) == names | {"visemill-gang"}
    scaled = {f"visemill-{service}" for service in ("audio", "decode", "landmarks", "features")}
    assert set(made.all("HorizontalPodAutoscaler")) == scaled
    headless = {name for name, service in made.all("Service").items() if service["spec"].get("clusterIP") == "None"}
    assert headless == (names | {"visemill-gang"}) - {"visemill-orchestrator"}


def test_a_service_that_is_off_leaves_nothing(chart: Callable[..., Any]) -> None:
    made = chart({"services": {"features": {"enabled": False}}})
    assert not [one for one in made.objects if one["metadata"]["name"].endswith("-features")]
    assert "visemill-features" not in json.dumps(made.pods())


def test_scaled_deployments_leave_their_size_to_the_autoscaler(chart: Callable[..., Any]) -> None:
    made = chart()
    scaled = set(made.all("HorizontalPodAutoscaler"))
    for name, deployment in made.all("Deployment").items():
        assert ("replicas" not in deployment["spec"]) == (name in scaled)


def test_another_metric_joins_the_autoscaler(chart: Callable[..., Any]) -> None:
    metric = {
        "type": "Pods",
        "pods": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "1"}},
    }
    scaling = {"enabled": True, "targetCpuPercent": 0, "metrics": [metric]}
    made = chart({"services": {"triton": {"autoscaling": scaling}}})
    assert made.one("HorizontalPodAutoscaler", "visemill-triton")["spec"]["metrics"] == [metric]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"numChildren": 3}, ["--num-children=3"]),
        ({"clipTimeS": 0.5}, ["--clip-time-s=0.5"]),
        ({"maxClipMib": 33554432}, ["--max-clip-mib=33554432"]),
        ({"allowRoot": ["s3://a", "s3://b"]}, ["--allow-root=s3://a", "--allow-root=s3://b"]),
        ({"channelsLast": False}, ["--no-channels-last"]),
        ({"channelsLast": True}, ["--channels-last"]),
        ({"triton": "{{ .Release.Namespace }}:1"}, ["--triton=media:1"]),
        ({"weightsSha256": "ab"}, ["--weights-sha256=ab"]),
    ],
)
def test_flags_come_out_as_the_command_takes_them(
    chart: Callable[..., Any], flags: dict[str, Any], words: list[str]
) -> None:
    args = args_of(chart({"services": {"features": {"flags": flags}}}).pods()["visemill-features"])
    assert [word for word in args if word in words] == words


def test_the_flags_given_are_those_of_the_commands(chart: Callable[..., Any]) -> None:
    """The program itself parses what the chart says."""
    from orchestrator.cli.main import build_parser
    from services.__main__ import _rpc, spec_of

    for name, pod in chart(EVERYTHING).pods().items():
        words = args_of(pod)
        if name == "visemill-orchestrator" or name == "visemill-health":
            build_parser().parse_args(words)
        elif words[1:2] == ["serve"]:
            import argparse

            parser = argparse.ArgumentParser()
            _rpc(spec_of(words[0])).add_serve_flags(parser)
            parser.parse_args(words[2:])


def test_the_environment_of_the_orchestrator_is_a_setting_of_runs(chart: Callable[..., Any]) -> None:
    from orchestrator.kube.settings import KubeSettings, kube_settings

    environment = environment_of(chart().pods()["visemill-orchestrator"])
    made = kube_settings({}, environment)
    assert made == KubeSettings(
        namespace="media",
        image="visemill-worker:0.1.0",
        service_account="visemill-worker",
        priority_class="media-visemill-runs",
    )
    known = {f"VISEMILL_{name.upper()}" for name in KubeSettings.__dataclass_fields__}
    known |= {f"VISEMILL_TRAINING_{name.upper()}" for name in KubeSettings.__dataclass_fields__}
    assert set(environment) <= known | {"VISEMILL_CLUSTER", "VISEMILL_POD_LIBRARIES"}
    assert environment["VISEMILL_CLUSTER"] == "kube"


def test_trainings_have_pods_of_their_own_and_the_rest_of_runs(chart: Callable[..., Any]) -> None:
    from orchestrator.kube.pod_manifest import Toleration
    from orchestrator.kube.settings import KubeSettings, kube_settings

    def settings(values: dict[str, Any]) -> KubeSettings:
        environment = environment_of(chart(values).pods()["visemill-orchestrator"])
        return kube_settings({}, environment, "visemill-training")

    assert settings({"image": {"registry": "r.example", "tag": "2"}, "runs": {"podsCpu": 16}}) == KubeSettings(
        namespace="media",
        image="r.example/visemill-training:2",
        service_account="visemill-worker",
        priority_class="media-visemill-runs",
        pods_cpu=2.0,
        pods_memory_mib=4096,
    )
    environment = environment_of(chart().pods()["visemill-orchestrator"])
    (pinned,) = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith("torch==")]
    assert environment["VISEMILL_POD_LIBRARIES"] == f"{pinned}+cpu"
    sizes = {"image": "cuda:1", "torch": "", "podsCpu": 8, "podsMemoryMib": 65536, "podsGpus": 4, "podsShmMib": 8192}
    places = {"podsScratchMib": 4096, "nodeSelector": "gpu=h100", "tolerations": "nvidia.com/gpu:NoSchedule"}
    pods = settings({"training": sizes | places, "runs": {"queue": "team", "nodeSelector": "a=b"}})
    assert (pods.worker_image, pods.pods_cpu, pods.pods_memory_mib, pods.queue) == ("cuda:1", 8.0, 65536, "team")
    made = pods.pods(pods.pods_memory_mib)
    assert (made.num_gpus, made.shm_mib, made.scratch_mib) == (4, 8192, 4096)
    assert made.node_selector == {"gpu": "h100"}
    assert made.tolerations == (Toleration("nvidia.com/gpu", effect="NoSchedule"),)


def test_what_is_said_of_runs_wins(chart: Callable[..., Any]) -> None:
    values = {"image": {"registry": "r.example"}, "runs": {"image": "mine:2", "podsMemoryMib": 4096, "queue": "team"}}
    environment = environment_of(chart(values).pods()["visemill-orchestrator"])
    assert environment["VISEMILL_IMAGE"] == "mine:2"
    assert environment["VISEMILL_PODS_MEMORY_MIB"] == "4096"
    assert environment["VISEMILL_QUEUE"] == "team"


@pytest.mark.parametrize(
    ("s3", "registry"),
    [
        ({"ephemeralRegistry": False, "roots": ["s3://b/x/"]}, "s3://b/x/.visemill-runs"),
        ({"ephemeralRegistry": False, "roots": ["/data", "s3://b", "s3://c"]}, "s3://b/.visemill-runs"),
        ({"ephemeralRegistry": False, "roots": ["s3://b"], "registry": "s3://r/runs"}, "s3://r/runs"),
        ({"ephemeralRegistry": False, "registry": "/mnt/runs"}, "/mnt/runs"),
        ({"ephemeralRegistry": True, "roots": ["s3://b"]}, "s3://b/.visemill-runs"),
        ({"ephemeralRegistry": True, "roots": ["/data"]}, "/tmp/registry"),
    ],
)
def test_submitted_runs_are_kept_where_they_outlive_the_pod(
    chart: Callable[..., Any], s3: dict[str, Any], registry: str
) -> None:
    assert f"--registry={registry}" in args_of(chart({"s3": s3}).pods()["visemill-orchestrator"])


def test_a_chart_without_orchestrator_needs_no_registry(chart: Callable[..., Any]) -> None:
    made = chart({"s3": {"ephemeralRegistry": False}, "services": {"orchestrator": {"enabled": False}}})
    assert "visemill-orchestrator" not in made.pods()


def test_speech_is_off_until_it_is_asked_for_and_then_has_its_objects_and_calls_triton(
    chart: Callable[..., Any],
) -> None:
    assert "visemill-speech" not in chart().all("Deployment")
    flags = {"backend": "triton", "triton": "visemill-triton:8001", "tokenizer": "/models/bpe.model"}
    made = chart({"services": {"speech": {"enabled": True, "flags": flags}}, "remoteStages": ["speech"]})
    for kind in ("Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"):
        assert "visemill-speech" in made.all(kind), kind
    pod = made.pods()["visemill-speech"]
    (container,) = pod["containers"]
    assert container["image"].startswith("visemill-worker-torch:")
    assert container["args"][:2] == ["speech", "serve"] and "--tokenizer=/models/bpe.model" in container["args"]
    assert "--remote=speech=visemill-speech:50051" in args_of(made.pods()["visemill-orchestrator"])
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        assert "grpc" in container[probe]
    (egress,) = [
        rule
        for rule in made.one("NetworkPolicy", "visemill-speech")["spec"]["egress"]
        if rule["ports"] == [{"port": 8001, "protocol": "TCP"}]
    ]
    assert egress["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "triton"


def test_lipreading_is_off_until_it_is_asked_for_with_a_bundle(chart: Callable[..., Any]) -> None:
    assert "visemill-lipreading" not in chart().all("Deployment")
    made = chart({"services": {"lipreading": {"enabled": True, "flags": {"bundle": "/models/lipreader"}}}})
    for kind in ("Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"):
        assert "visemill-lipreading" in made.all(kind), kind
    args = args_of(made.pods()["visemill-lipreading"])
    assert args[:2] == ["lipreading", "serve"] and "--bundle=/models/lipreader" in args


def test_talking_heads_are_off_until_they_are_asked_for_with_their_folders(chart: Callable[..., Any]) -> None:
    assert "visemill-talker" not in chart().all("Deployment")
    made = chart({"services": {"talker": {"enabled": True, "flags": {"heads": "/heads", "persons": "/persons"}}}})
    for kind in ("Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"):
        assert "visemill-talker" in made.all(kind), kind
    args = args_of(made.pods()["visemill-talker"])
    assert args[:2] == ["headfilm", "serve"] and {"--heads=/heads", "--persons=/persons"} <= set(args)


def test_a_lipreader_whose_bundle_lies_in_a_bucket_gets_the_keys_and_reaches_the_store(
    chart: Callable[..., Any],
) -> None:
    own = {"enabled": True, "image": "mine", "flags": {"bundle": "s3://models/zh"}, "replicas": 3}
    made = chart({"services": {"lipreading": {**own, "autoscaling": {"enabled": False}}}})
    assert made.one("Deployment", "visemill-lipreading")["spec"]["replicas"] == 3
    pod = made.pods()["visemill-lipreading"]
    (container,) = pod["containers"]
    assert "--bundle=s3://models/zh" in container["args"] and container["image"].startswith("mine:")
    assert {"secretRef": {"name": "visemill-s3", "optional": True}} in container["envFrom"]
    store = [{"port": 443, "protocol": "TCP"}, {"port": 9000, "protocol": "TCP"}]
    assert {"ports": store} in made.one("NetworkPolicy", "visemill-lipreading")["spec"]["egress"]
    (health,) = [pod for pod in made.all("Pod").values() if "health" in pod["metadata"]["name"]]
    assert "visemill-lipreading:50051" in health["spec"]["containers"][0]["args"]


def test_lipreading_may_ask_triton_and_nobody_else_of_the_chart(chart: Callable[..., Any]) -> None:
    address = '{{ include "visemill.fullname" . }}-triton:8001'
    flags = {"bundle": "/bundles/en", "backend": "triton", "triton": address, "tritonTransport": "grpc"}
    made = chart({"services": {"lipreading": {"enabled": True, "flags": flags}}})
    words = args_of(made.pods()["visemill-lipreading"])
    assert {"--backend=triton", "--triton=visemill-triton:8001", "--triton-transport=grpc"} <= set(words)
    rules = made.one("NetworkPolicy", "visemill-lipreading")["spec"]["egress"]
    named = [
        (one["podSelector"]["matchLabels"].get("app.kubernetes.io/component"), rule["ports"])
        for rule in rules
        for one in rule.get("to", [])
        if "app.kubernetes.io/component" in one.get("podSelector", {}).get("matchLabels", {})
    ]
    assert named == [("triton", [{"port": 8001, "protocol": "TCP"}])]


@pytest.mark.parametrize("stage", ["audio", "landmarks"])
def test_a_stage_is_moved_by_one_value(chart: Callable[..., Any], stage: str) -> None:
    args = args_of(chart({"remoteStages": [stage]}).pods()["visemill-orchestrator"])
    assert f"--remote={stage}=visemill-{stage}:50051" in args
    assert not [word for word in args_of(chart().pods()["visemill-orchestrator"]) if word.startswith("--remote")]


def test_pods_roll_when_settings_change_and_only_then(chart: Callable[..., Any]) -> None:
    def template(values: dict[str, Any]) -> Any:
        return chart(values).one("Deployment", "visemill-decode")["spec"]["template"]

    assert template({}) == template({"runs": {"parallelism": 9}})
    assert template({}) != template({"settings": {"logLevel": "debug"}})


def test_only_readiness_asks_for_what_a_server_needs(chart: Callable[..., Any]) -> None:
    """A pod that waits for a bucket or for Triton is kept out of the Service, and not restarted."""
    (container,) = chart().pods()["visemill-decode"]["containers"]
    probes = {kind: container[f"{kind}Probe"]["grpc"] for kind in ("startup", "readiness", "liveness")}
    alive = {"port": 50051, "service": LIVENESS}
    assert probes == {"startup": alive, "readiness": {"port": 50051}, "liveness": alive}


def test_with_tls_probes_get_a_port_without_it_and_clients_a_certificate(chart: Callable[..., Any]) -> None:
    pod = chart(TLS).pods()["visemill-landmarks"]
    container = pod["containers"][0]
    assert {"--tls-cert=/etc/visemill/tls/tls.crt", "--tls-client-ca=/etc/visemill/tls/ca.crt"} <= set(args_of(pod))
    assert "--health-listen=0.0.0.0:50052" in args_of(pod)
    assert container["readinessProbe"]["grpc"] == {"port": 50052}
    assert environment_of(pod)["VISEMILL_TLS_CA"] == "/etc/visemill/tls/ca.crt"
    assert {"name": "tls", "secret": {"secretName": "certs", "defaultMode": 0o440}} in pod["volumes"]
    assert environment_of(chart(TLS).pods()["visemill-orchestrator"])["VISEMILL_TLS_SECRET"] == "certs"


def test_cert_manager_signs_for_every_name(chart: Callable[..., Any]) -> None:
    manager = {"enabled": True, "issuerRef": {"name": "ca"}}
    made = chart({"tls": {"enabled": True, "certManager": manager}})
    certificate = made.one("Certificate", "visemill-tls")["spec"]
    assert certificate["secretName"] == "visemill-tls"
    assert {"visemill-triton", "visemill-landmarks.media.svc"} <= set(certificate["dnsNames"])
    assert {"server auth", "client auth"} <= set(certificate["usages"])


def test_the_orchestrator_may_do_what_it_does_and_no_more(chart: Callable[..., Any]) -> None:
    made = chart()
    assert made.one("Role", "visemill-orchestrator")["rules"] == [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list", "watch", "create", "patch", "delete"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "delete"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
    ]
    assert set(made.all("Role")) == {"visemill-orchestrator"}
    assert [role["rules"] for role in made.all("ClusterRole").values()] == [
        [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]
    ]
    subjects = [
        s for kind in ("RoleBinding", "ClusterRoleBinding") for b in made.all(kind).values() for s in b["subjects"]
    ]
    assert {subject["name"] for subject in subjects} == {"visemill-orchestrator"}


def test_nothing_outside_of_a_secret_is_made_of_its_keys(chart: Callable[..., Any]) -> None:
    """Who may read pods cannot try guesses of a key against them; the pods are rolled when the keys change."""
    secret_key = EVERYTHING["minio"]["secretKey"]
    other_keys = {**EVERYTHING["minio"], "secretKey": f"{secret_key}-other"}
    for values in (EVERYTHING, {"minio": EVERYTHING["minio"]}, {"minio": other_keys}):
        made = chart(values)
        held = next(iter(made.all("Secret").values()))
        keys = held["stringData"]["AWS_ACCESS_KEY_ID"], held["stringData"]["AWS_SECRET_ACCESS_KEY"]
        derived = [
            hashlib.new(name, joint.join(keys).encode()).hexdigest()
            for name in ("md5", "sha1", "sha256", "sha512")
            for joint in ("", " ", ":")
        ]
        text = json.dumps([{**one, "stringData": {}} for one in made.objects])
        assert not [found for found in (keys[1], *derived) if found in text]
        template = made.one("Deployment", "visemill-minio")["spec"]["template"]
        # A count of changes, which helm sees in a cluster alone: the same text each time, whatever the keys.
        assert template["metadata"]["annotations"]["keys-version"] == "1"
        assert held["metadata"]["annotations"]["keys-version"] == "1"


def test_the_gang_is_found_by_the_labels_that_its_job_has(chart: Callable[..., Any]) -> None:
    from orchestrator.kube.job_manifest import GANG_SERVICE, GangJob, RunId, labels_of
    from orchestrator.kube.pod_manifest import PodSettings

    service = chart().one("Service", GANG_SERVICE)
    labels = labels_of(GangJob(RunId("r", "s3://b/state"), 1, [], 2, PodSettings("image")))
    assert service["spec"]["selector"].items() <= labels.items()
    assert service["spec"]["publishNotReadyAddresses"] is True


@pytest.mark.parametrize("release", ["visemill", "prod", "visemill-2"])
def test_names_follow_the_release(chart: Callable[..., Any], release: str) -> None:
    begin = release if "visemill" in release else f"{release}-visemill"
    made = chart({}, release)
    assert f"{begin}-landmarks" in made.all("Deployment")
    assert f"--triton={begin}-triton:8001" in args_of(made.pods()[f"{begin}-features"])


def test_a_clients_selector_never_changes(chart: Callable[..., Any]) -> None:
    """A Deployment's selector is immutable: an upgrade that changes it fails."""
    selector = chart().one("Deployment", "visemill-decode")["spec"]["selector"]["matchLabels"]
    assert selector == {
        "app.kubernetes.io/name": "visemill",
        "app.kubernetes.io/instance": "visemill",
        "app.kubernetes.io/component": "decode",
    }


def test_the_chart_is_of_the_programs_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (about["version"], about["appVersion"]) == (version, version)


def test_lint_is_strict() -> None:
    helm = ROOT / ".tools" / "helm"
    if not helm.exists():
        pytest.skip("no .tools/helm: run `python scripts/fetch_tools.py`")
    for extra in ([], ["--values", str(CHART / "values-trial.yaml")]):
        answer = subprocess.run([helm, "lint", "--strict", *extra, CHART], capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr


def test_kustomize_builds_the_rendered_base() -> None:
    kubectl = ROOT / ".tools" / "kubectl"
    if not (kubectl.exists() and shutil.which(kubectl)):
        pytest.skip("no .tools/kubectl: run `python scripts/fetch_tools.py`")
    answer = subprocess.run([kubectl, "kustomize", ROOT / "k8s"], capture_output=True, text=True, check=True)
    made = list(yaml.safe_load_all(answer.stdout))
    assert {one["metadata"].get("namespace", "visemill") for one in made} == {"visemill"}
    assert {f"visemill-{name}" for name in SERVICES} == {
        one["metadata"]["name"] for one in made if one["kind"] == "Deployment"
    }
