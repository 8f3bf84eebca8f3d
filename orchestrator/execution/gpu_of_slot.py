"""Which GPU each of several worker processes takes: they are dealt out over those that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

_VARIABLE = "CUDA_VISIBLE_DEVICES"


def visible_gpus(environment: Mapping[str, str], devices: Path = Path("/dev")) -> list[str]:
    """GPUs as CUDA names them for this process: what the variable says, else one a device file of the driver."""
    said = environment.get(_VARIABLE)
    if said is None:
        return [str(i) for i in range(sum(path.name[6:].isdigit() for path in devices.glob("nvidia*")))]
    names = [name.strip() for name in said.split(",")]
    # CUDA takes those before the first that is none.
    num = next((i for i, name in enumerate(names) if name in ("", "-1")), len(names))
    return names[:num]


def environment_of(slot: int, environment: Mapping[str, str], gpus: Sequence[str]) -> dict[str, str]:
    """The environment of a slot's process, which sees one of several GPUs alone."""
    return {**environment, _VARIABLE: gpus[slot % len(gpus)]} if len(gpus) > 1 else dict(environment)
