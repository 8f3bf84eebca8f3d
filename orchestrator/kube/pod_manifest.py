"""PURE: the pod template of a Job: where it runs, what it may use, and no more rights than it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

UID = 10001
MODELS_PATH = "/models"
IMAGE_MODELS_PATH = "/opt/visemill/models"
TLS_PATH = "/etc/visemill/tls"
TERMINATION_LOG = "/dev/termination-log"
METRICS_PORT = 9090
LEAST_MEMORY_MIB = 64
_NO_RIGHTS = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True)
class Toleration:
    """A taint that pods may meet. value empty: any; effect empty: any."""

    key: str
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""

    def to_dict(self) -> dict[str, str]:
        operator = {"operator": "Equal", "value": self.value} if self.value else {"operator": "Exists"}
        return {"key": self.key, **operator, **({"effect": self.effect} if self.effect else {})}


@dataclass(frozen=True)
class PodSettings:
    """A pod of a Job. cpu: cores, asked for and at most. spread_by: topology key over which pods are spread evenly.

    env_from: Secrets whose entries become environment variables. tls_secret: with tls.crt, tls.key and ca.crt, by which
    services are called over TLS. models_claim: of a volume with model files that are not in
    the image, mounted read-only. shm_mib: of the memory, for /dev/shm; 0: what the runtime gives.
    """

    image: str
    pull_policy: Literal["IfNotPresent", "Always", "Never"] = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()
    service_account: str = ""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    cpu: float = 1.0
    memory_mib: int = 3072
    num_gpus: int = 0
    priority_class: str = ""
    spread_by: str = "kubernetes.io/hostname"
    env_from: tuple[str, ...] = ()
    tls_secret: str = ""
    models_claim: str = ""
    scratch_mib: int = 1024
    grace_s: int = 30
    shm_mib: int = 0

    def __post_init__(self) -> None:
        if not self.image:
            raise ValueError("a pod needs an image")
        if not self.cpu >= 0.05 or self.memory_mib < LEAST_MEMORY_MIB or self.num_gpus < 0:
            raise ValueError(
                f"a pod takes 0.05 cores and {LEAST_MEMORY_MIB} MiB or more, not {self.cpu:g} and {self.memory_mib}, "
                f"with {self.num_gpus} GPUs"
            )
        if self.scratch_mib < 16 or self.grace_s < 1:
            raise ValueError(f"scratch {self.scratch_mib} MiB (16 or more), grace {self.grace_s} s (1 or more)")


def pod_template(
    pods: PodSettings,
    args: Sequence[str],
    labels: Mapping[str, str],
    environment: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The template of pods with these arguments."""
    volumes, mounts = _volumes(pods)
    limits = {"cpu": f"{round(pods.cpu * 1000)}m", "memory": f"{pods.memory_mib}Mi"}
    limits |= {"nvidia.com/gpu": str(pods.num_gpus)} if pods.num_gpus else {}
    own = [{"name": "MPLCONFIGDIR", "value": "/tmp/mpl"}, {"name": "HOME", "value": "/tmp"}]  # noqa: S108 - in the pod
    own += [{"name": "ORT_DISABLE_TELEMETRY", "value": "1"}, {"name": "VISEMILL_LOG_FORMAT", "value": "json"}]
    # The volume first, and what the image holds already need not be in it.
    own += [{"name": "VISEMILL_MODELS", "value": f"{MODELS_PATH}:{IMAGE_MODELS_PATH}"}] if pods.models_claim else []
    if pods.tls_secret:
        files = {"CA": "ca.crt", "CERT": "tls.crt", "KEY": "tls.key"}
        own += [{"name": f"VISEMILL_TLS_{name}", "value": f"{TLS_PATH}/{file}"} for name, file in files.items()]
    container = {
        "name": "worker",
        "image": pods.image,
        "imagePullPolicy": pods.pull_policy,
        "args": list(args),
        "ports": [{"name": "metrics", "containerPort": METRICS_PORT}],
        "env": [*own, *map(dict, environment)],
        "envFrom": [{"secretRef": {"name": name}} for name in pods.env_from],
        "resources": {"requests": dict(limits), "limits": limits},
        "securityContext": _NO_RIGHTS,
        "terminationMessagePath": TERMINATION_LOG,
        "terminationMessagePolicy": "File",
        "volumeMounts": mounts,
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": pods.grace_s,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": UID,
            "runAsGroup": UID,
            "fsGroup": UID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **_where(pods, labels),
        "containers": [container],
        "volumes": volumes,
    }
    return {"metadata": {"labels": dict(labels)}, "spec": spec}


def _where(pods: PodSettings, labels: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {
        "serviceAccountName": pods.service_account,
        "imagePullSecrets": [{"name": name} for name in pods.pull_secrets],
        "nodeSelector": dict(pods.node_selector),
        "tolerations": [toleration.to_dict() for toleration in pods.tolerations],
        "priorityClassName": pods.priority_class,
    }
    if pods.spread_by:
        given["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": pods.spread_by,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": dict(labels)},
            }
        ]
    return {name: value for name, value in given.items() if value}


def _volumes(pods: PodSettings) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    volumes: list[dict[str, Any]] = [{"name": "scratch", "emptyDir": {"sizeLimit": f"{pods.scratch_mib}Mi"}}]
    mounts: list[dict[str, Any]] = [{"name": "scratch", "mountPath": "/tmp"}]  # noqa: S108 - in the pod
    if pods.shm_mib:
        volumes.append({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": f"{pods.shm_mib}Mi"}})
        mounts.append({"name": "shm", "mountPath": "/dev/shm"})  # noqa: S108 - in the pod
    if pods.tls_secret:
        volumes.append({"name": "tls", "secret": {"secretName": pods.tls_secret, "defaultMode": 0o440}})
        mounts.append({"name": "tls", "mountPath": TLS_PATH, "readOnly": True})
    if pods.models_claim:
        claim = {"claimName": pods.models_claim, "readOnly": True}
        volumes.append({"name": "models", "persistentVolumeClaim": claim})
        mounts.append({"name": "models", "mountPath": MODELS_PATH, "readOnly": True})
    return volumes, mounts
