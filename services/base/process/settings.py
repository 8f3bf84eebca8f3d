"""Settings of a process from its environment (VISEMILL_*). `settings_of` is pure."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.base.process.values import from_environment


@dataclass(frozen=True)
class Settings:
    """Settings of any process, each VISEMILL_<FIELD> in the environment."""

    log_level: str = field(default="info", metadata={"help": "debug, info, warning or error"})
    log_format: str = field(
        default="auto", metadata={"help": "json, text, or auto: JSON unless standard error is a terminal"}
    )
    cores: int = field(default=0, metadata={"help": "cores to use; 0: what the cgroup grants"})
    max_message_bytes: int = field(
        default=32 << 20,
        metadata={"help": "of one gRPC message, in and out; the default holds an RGB frame of 3840x2160"},
    )
    rpc_deadline_s: float = field(default=300.0, metadata={"help": "of one try of a remote call"})
    rpc_patience_s: float = field(
        default=60.0, metadata={"help": "how long a remote call is retried while a server is away or busy"}
    )
    unmarked_films: bool = field(
        default=False,
        metadata={
            "help": "films of talking heads do not say of themselves that they were painted: the operator's to do"
        },
    )
    tls_ca: str = field(default="", metadata={"help": "PEM file by which a client knows servers"})
    tls_cert: str = field(default="", metadata={"help": "PEM file that a client shows; with tls_key"})
    tls_key: str = field(default="", metadata={"help": "PEM file"})

    def __post_init__(self) -> None:
        if self.log_level.lower() not in ("debug", "info", "warning", "error"):
            raise ValueError(f"log_level must be debug, info, warning or error, not {self.log_level!r}")
        if self.log_format not in ("auto", "json", "text"):
            raise ValueError(f"log_format must be auto, json or text, not {self.log_format!r}")
        if self.cores < 0:
            raise ValueError(f"cores must be at least 0, not {self.cores}")
        if self.max_message_bytes < 1 << 20:
            raise ValueError(f"max_message_bytes must be at least {1 << 20}, not {self.max_message_bytes}")
        if not 0 < self.rpc_deadline_s < math.inf:
            raise ValueError(f"rpc_deadline_s must be over 0 and finite, not {self.rpc_deadline_s}")
        if not 0 <= self.rpc_patience_s < math.inf:
            raise ValueError(f"rpc_patience_s must be at least 0 and finite, not {self.rpc_patience_s}")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("tls_cert and tls_key belong together: give both or neither")


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Settings from VISEMILL_* variables; other variables are ignored. Raises BadConfig that names the variable."""
    found: Settings = from_environment(Settings, environment)
    return found


def settings() -> Settings:
    """The settings of this process. Raises BadConfig."""
    return settings_of(os.environ)
