"""How a run is executed on Kubernetes, as flags; each may also come as VISEMILL_<FLAG> from the environment."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from orchestrator.kube.pod_manifest import LEAST_MEMORY_MIB, PodSettings, Toleration
from services.base.process.values import PREFIX, from_environment, variable_of

# Beside the clip's own memory: the supervisor with the clips that it has read ahead.
_WORKER, _TRAINING = "visemill-worker", "visemill-training"
# Where a run's Jobs are, which commands about it must know, is the same of all.
_OF_ALL = ("namespace", "context")
_SUPERVISOR_MIB = 1024
_MOST_GROWTH = 4


@dataclass(frozen=True)
class KubeSettings:
    """What the flags of a cluster say."""

    namespace: str = field(
        default="", metadata={"help": "namespace of the Jobs; empty: that of the context, or of this pod"}
    )
    context: str = field(
        default="", metadata={"help": "context of the kubeconfig; empty: the current one, or this pod's own"}
    )
    image: str = field(
        default="",
        metadata={
            "help": "image of the pods; empty: visemill-worker:<this version>, and visemill-training of a training"
        },
    )
    image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = field(
        default="IfNotPresent", metadata={"help": "when nodes pull the image"}
    )
    image_pull_secrets: str = field(default="", metadata={"help": "Secrets of the image registry: NAME,..."})
    service_account: str = field(
        default="", metadata={"help": "service account of the pods, which get no token; empty: default"}
    )
    s3_secret: str = field(
        default="visemill-s3", metadata={"help": "Secrets with the credentials of the store: NAME,...; none: no Secret"}
    )
    tls_secret: str = field(
        default="", metadata={"help": "Secret with tls.crt, tls.key and ca.crt, with which pods call services over TLS"}
    )
    parallelism: int = field(default=4, metadata={"help": "pods that run at a time"})
    pods_cpu: float = field(default=1.0, metadata={"help": "CPU request of a pod"})
    pods_memory_mib: int = field(default=0, metadata={"help": "memory of a pod; 0: --clip-memory-mib and 1024 more"})
    pods_max_memory_mib: int = field(
        default=0,
        metadata={"help": "limit to which memory is raised after a pod ran out of it; 0: four times --pods-memory-mib"},
    )
    pods_gpus: int = field(default=0, metadata={"help": "GPUs per pod"})
    pods_scratch_mib: int = field(default=1024, metadata={"help": "scratch space of a pod at /tmp"})
    pods_shm_mib: int = field(
        default=0, metadata={"help": "of a pod's memory, what /dev/shm may hold; 0: the runtime's 64 MiB"}
    )
    max_indexes: int = field(
        default=5000, metadata={"help": "most indexes of a Job; with more shards an index gets several"}
    )
    node_selector: str = field(default="", metadata={"help": "labels that nodes must have: KEY=VALUE,..."})
    tolerations: str = field(default="", metadata={"help": "taints that pods tolerate: KEY[=VALUE][:EFFECT],..."})
    priority_class: str = field(default="", metadata={"help": "PriorityClass of the pods"})
    spread_by: str = field(
        default="kubernetes.io/hostname", metadata={"help": "node label over which pods are spread; none: no rule"}
    )
    queue: str = field(default="", metadata={"help": "LocalQueue of Kueue, which then admits the Job"})
    models_claim: str = field(default="", metadata={"help": "PersistentVolumeClaim with model files"})
    job_deadline_s: int = field(default=0, metadata={"help": "time limit of a Job; 0: none"})
    job_keep_s: int = field(default=86400, metadata={"help": "time that a finished Job is kept"})

    def __post_init__(self) -> None:
        for name in ("parallelism", "max_indexes"):
            if not 1 <= getattr(self, name) <= 100_000:
                raise ValueError(f"{_flag(name)} must be from 1 to 100000, not {getattr(self, name)}")
        not_negative = ("pods_memory_mib", "pods_max_memory_mib", "pods_gpus", "pods_shm_mib")
        for name in (*not_negative, "job_deadline_s", "job_keep_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{_flag(name)} must not be negative, it is {getattr(self, name)}")
        if 0 < self.pods_memory_mib <= self.pods_shm_mib:
            raise ValueError(
                f"--pods-shm-mib must be less than --pods-memory-mib, of which it is a part, and is {self.pods_shm_mib}"
            )
        for name in ("pods_memory_mib", "pods_max_memory_mib"):
            if 0 < getattr(self, name) < LEAST_MEMORY_MIB:
                raise ValueError(
                    f"{_flag(name)} must be {LEAST_MEMORY_MIB} or more, not {getattr(self, name)}; 0: by itself"
                )
        self.pods(LEAST_MEMORY_MIB)

    @property
    def worker_image(self) -> str:
        """Whole name of the image that pods run."""
        return self.image or f"{_WORKER}:{importlib.metadata.version('visemill')}"

    def with_image_of(self, name: str) -> KubeSettings:
        """The same, with the project's image of that name, such as visemill-training, where none is given."""
        return self if self.image else replace(self, image=f"{name}:{importlib.metadata.version('visemill')}")

    def first_memory_mib(self, clip_memory_mib: int) -> int:
        """What the pods of a run's first Job get."""
        return self.pods_memory_mib or clip_memory_mib + _SUPERVISOR_MIB

    def max_memory_mib(self, clip_memory_mib: int) -> int:
        """What pods may grow to."""
        first_mib = self.first_memory_mib(clip_memory_mib)
        return max(first_mib, self.pods_max_memory_mib or _MOST_GROWTH * first_mib)

    def pods(self, memory_mib: int) -> PodSettings:
        """The pods of one Job. Raises ValueError."""
        return PodSettings(
            self.worker_image,
            self.image_pull_policy,
            _names(self.image_pull_secrets),
            self.service_account,
            dict(_pair(text, _flag("node_selector")) for text in _names(self.node_selector)),
            tuple(map(_toleration, _names(self.tolerations))),
            self.pods_cpu,
            memory_mib,
            self.pods_gpus,
            self.priority_class,
            "" if self.spread_by == "none" else self.spread_by,
            () if self.s3_secret == "none" else _names(self.s3_secret),  # noqa: S105 - the word for no Secret
            self.tls_secret,
            self.models_claim,
            self.pods_scratch_mib,
            shm_mib=self.pods_shm_mib,
        )

    def digest(self, clip_memory_mib: int) -> str:
        """Of what is asked of the pods of a run's first Job."""
        asked = self.pods(self.first_memory_mib(clip_memory_mib))
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


def kube_settings(given: Mapping[str, Any], environment: Mapping[str, str], image: str = "") -> KubeSettings:
    """What is given by a field's name, None where it is not, then the environment, then the defaults.

    given: may hold other names too. image: name of the project's image that the pods run. Those that train have
    variables of their own, VISEMILL_TRAINING_<FIELD>, which win over VISEMILL_<FIELD>. Raises BadConfig.
    """
    own = {item.name: given.get(item.name) for item in dataclasses.fields(KubeSettings)}
    variables_of = _of_trainings if image == _TRAINING else variable_of
    settings: KubeSettings = from_environment(KubeSettings, environment, own, variables_of)
    return settings


def _of_trainings(field: str) -> tuple[str, ...]:
    first = () if field in _OF_ALL else (f"{PREFIX}TRAINING_{field.upper()}",)
    return (*first, *variable_of(field))


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _pair(text: str, flag: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError(f"{flag} {text!r} must be KEY=VALUE")
    return key, value


def _toleration(text: str) -> Toleration:
    taint, _, effect = text.partition(":")
    key, _, value = taint.partition("=")
    if not key or effect not in ("", "NoSchedule", "PreferNoSchedule", "NoExecute"):
        raise ValueError(f"--tolerations {text!r} must be KEY[=VALUE][:NoSchedule|PreferNoSchedule|NoExecute]")
    return Toleration(key, value, typing.cast(Any, effect))
