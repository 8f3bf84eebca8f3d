"""How a gRPC server listens and serves: flags and VISEMILL_* variables."""

from __future__ import annotations

import abc
import argparse
from dataclasses import dataclass, field

from services.base.errors import BadConfig
from services.base.process.cgroup import granted_cores
from services.base.process.settings import settings
from services.base.rpc.readiness import RECHECK_S
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping, json_object
from services.base.stage.spec import ConfiguredStage, StageSpec


@dataclass(frozen=True)
class ListenConfig(abc.ABC):
    """How any server of ours is reached. Sizes of messages come from VISEMILL_MAX_MESSAGE_BYTES, as the clients' do."""

    listen: str = field(
        default="127.0.0.1:0", metadata={"help": "address to listen on: host:port (port 0: any free one) or unix:/path"}
    )
    port_file: str = field(default="", metadata={"help": "write the port to this file once calls are answered"})
    deadline_s: float = field(
        default=300.0, metadata={"help": "maximum call duration, also for calls without a deadline"}
    )
    drain_s: float = field(default=30.0, metadata={"help": "time for calls in flight after a signal to stop"})
    connection_age_s: float = field(
        default=60.0,
        metadata={"help": "maximum age of a connection, after which clients look for new servers; 0: unlimited"},
    )
    recheck_s: float = field(
        default=RECHECK_S,
        metadata={"help": "interval at which roots, models and Triton are checked"},
    )
    metrics_listen: str = field(default="", metadata={"help": "host:port for Prometheus; empty: off"})
    health_listen: str = field(
        default="", metadata={"help": "host:port for health checks alone, without TLS, as probes need; empty: off"}
    )
    tls_cert: str = field(
        default="",
        metadata={"help": "PEM file of the certificate; with --tls-key, use TLS; read again when it changes"},
    )
    tls_key: str = field(default="", metadata={"help": "PEM file of the key"})
    tls_client_ca: str = field(default="", metadata={"help": "PEM file; ask clients for a certificate of this CA"})

    def __post_init__(self) -> None:
        for name in ("drain_s", "connection_age_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(self, name)}")
        for name in ("deadline_s", "recheck_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be over 0, not {getattr(self, name)}")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("tls_cert and tls_key belong together: give both or neither")
        if self.tls_client_ca and not self.tls_cert:
            raise ValueError("tls_client_ca needs tls_cert and tls_key")

    @property
    @abc.abstractmethod
    def most_calls(self) -> int:
        """Calls at work and waiting; one more is told SERVER_BUSY."""

    def limits(self) -> dict[str, float]:
        """What the first line of the log tells."""
        return {"most_calls": self.most_calls, "deadline_s": self.deadline_s}


@dataclass(frozen=True)
class ServeConfig(ListenConfig):
    """How a stage is served."""

    num_children: int = field(
        default=0, metadata={"help": "clips that are processed at a time; 0: one per granted core"}
    )
    num_queued: int = field(default=0, metadata={"help": "clips that may wait; 0: twice the children"})
    num_threads: int = field(default=1, metadata={"help": "threads of the media libraries in each child"})
    clip_time_s: float = field(default=120.0, metadata={"help": "time limit for one clip"})
    clip_memory_mib: int = field(default=2048, metadata={"help": "memory limit for one clip, models included"})
    max_clip_mib: int = field(default=512, metadata={"help": "size limit for an encoded clip"})
    spool_mib: int = field(default=64, metadata={"help": "larger clips are written to a file while they are received"})

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("num_children", "num_queued"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(self, name)}")
        for name in ("num_threads", "clip_time_s", "clip_memory_mib", "max_clip_mib", "spool_mib"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be over 0, not {getattr(self, name)}")

    @property
    def children(self) -> int:
        """num_children, or what the cgroup grants."""
        return self.num_children or settings().cores or granted_cores()

    @property
    def most_calls(self) -> int:
        return self.children + (self.num_queued or 2 * self.children)

    def limits(self) -> dict[str, float]:
        own = {"children": self.children, "max_clip_mib": self.max_clip_mib, "clip_memory_mib": self.clip_memory_mib}
        return {**super().limits(), **own}


def add_serve_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of ServeConfig, and the roots that URIs may lie under."""
    add_config_flags(parser, ServeConfig)
    parser.add_argument(
        "--allow-root",
        action="append",
        default=[],
        metavar="ROOT",
        help="folder or s3://bucket/prefix under which a caller may name clips by URI; may be repeated; default: none",
    )


def serve_config_of(flags: argparse.Namespace) -> ServeConfig:
    """ServeConfig from parsed flags. Raises BadConfig."""
    config: ServeConfig = config_from_flags(ServeConfig, flags)
    return config


def stage_of_flag(flag: str, text: str, spec: StageSpec) -> ConfiguredStage:
    """A stage that runs before the one that is served, with settings that a flag gives as a JSON object.

    Raises BadConfig BAD_SETTING, also of max_frames, which callers say.
    """
    values = json_object(text, flag)
    if "max_frames" in values:
        raise BadConfig("BAD_SETTING", f"{flag} {text!r} must leave out max_frames, which callers say")
    return ConfiguredStage(spec, config_from_mapping(spec.config, values))
