"""The text of a model's config.pbtxt: how a Triton server batches, queues, places and warms up a network. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

Platform = Literal["python", "onnx"]
Kind = Literal["cpu", "gpu"]
TimeoutAction = Literal["reject", "delay"]

# A file in the model's folder `warmup` that Triton reads lengths from: zeros would be no lengths.
WARM_LENGTHS = "warm_lengths"
WARM_STEPS = 8
# Of several inputs the first is a sequence where this one says how long: a number an item.
LENGTHS_INPUT = 1

_TRITON_TYPES = {"tensor(uint8)": "TYPE_UINT8", "tensor(float)": "TYPE_FP32", "tensor(int64)": "TYPE_INT64"}


@dataclass(frozen=True)
class Serving:
    """How a network is served. Raises ValueError for a value that cannot work."""

    platform: Platform = field(
        default="python", metadata={"help": "python: runs on every server; onnx: needs a server with the ONNX backend"}
    )
    kind: Kind = field(default="cpu", metadata={"help": "where instances run"})
    num_instances: int = field(default=1, metadata={"help": "instances of the network per GPU, or on the CPU"})
    num_threads: int = field(default=1, metadata={"help": "threads of one instance on a CPU"})
    max_batch_size: int = field(default=32, metadata={"help": "largest batch"})
    preferred_batch_sizes: str = field(
        default="8,16,32", metadata={"help": "batch sizes that are computed without waiting for more"}
    )
    queue_delay_us: int = field(
        default=0,
        metadata={"help": "time that a smaller batch waits for more items; 0: none"},
    )
    # Off: with any limit on its queue, Triton fills a batch only when an instance has asked for it, and then misses the
    # moment (docs/features.md); clients bound what they have in flight themselves.
    max_queue: int = field(
        default=0,
        metadata={"help": "requests that may wait; further ones are rejected, and clients retry; 0: no limit"},
    )
    timeout_ms: int = field(
        default=0, metadata={"help": "time that a request may wait; 0: as long as its client waits"}
    )
    timeout_action: TimeoutAction = field(
        default="reject",
        metadata={"help": "what happens to a request past its time: reject it, or delay it behind the others"},
    )
    max_padding_percent: int = field(
        default=0,
        metadata={
            "help": "python only, of sequences: those are computed together of which the longest is so much longer at "
            "most than the shortest; 0: all of a batch"
        },
    )
    keep_versions: int = field(default=1, metadata={"help": "number of latest versions to serve"})
    warm_up: bool = field(default=True, metadata={"help": "compute one item before the model counts as ready"})
    execution_env: str = field(
        default="",
        metadata={"help": "python only: packed environment (conda-pack) of the backend; empty: the server's"},
    )

    def __post_init__(self) -> None:
        for name, names in (("platform", Platform), ("kind", Kind), ("timeout_action", TimeoutAction)):
            if getattr(self, name) not in get_args(names):
                raise ValueError(f"{name} {getattr(self, name)!r} must be one of {', '.join(get_args(names))}")
        for name in ("num_instances", "num_threads", "max_batch_size", "keep_versions"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("queue_delay_us", "max_queue", "timeout_ms", "max_padding_percent"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(self, name)}")
        if self.execution_env and self.platform != "python":
            raise ValueError("execution_env is for the python platform: leave it out, or take platform python")
        if not all(size >= 1 for size in self.preferred):
            raise ValueError(f"preferred_batch_sizes must be 1 or more, not {self.preferred_batch_sizes!r}")

    @property
    def preferred(self) -> tuple[int, ...]:
        """Those of the preferred sizes that max_batch_size allows. Raises ValueError for what is no list of numbers."""
        try:
            sizes = {int(word) for word in self.preferred_batch_sizes.split(",") if word.strip()}
        except ValueError:
            text = self.preferred_batch_sizes
            raise ValueError(f"preferred_batch_sizes {text!r} must be numbers with commas, as 8,16,32") from None
        return tuple(sorted(size for size in sizes if size <= self.max_batch_size))


@dataclass(frozen=True)
class Tensor:
    """One input or output of an ONNX file. shape: with the batch's dimension first, -1 where any size goes. of: of an
    output whose second axis is that of another input than the first, its name.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    of: str = ""

    def __post_init__(self) -> None:
        if self.type not in _TRITON_TYPES:
            raise ValueError(f"{self.name} is {self.type}; served are {', '.join(_TRITON_TYPES)}")
        if not self.shape:
            raise ValueError(f"{self.name} has no dimension of the batch")

    @property
    def triton_type(self) -> str:
        return _TRITON_TYPES[self.type]

    @property
    def has_time(self) -> bool:
        """Whether it has a step for each of a sequence's, or for every two."""
        return len(self.shape) > 1 and self.shape[1] < 0 and not self.of


def has_lengths(inputs: Sequence[Tensor]) -> bool:
    """Whether the first input is a sequence, of which another says how long."""
    return len(inputs) > LENGTHS_INPUT and len(inputs[LENGTHS_INPUT].shape) == 1


def config_text(
    name: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor], serving: Serving, parameters: Mapping[str, str]
) -> str:
    """config.pbtxt. parameters: what callers may read of the model, and what its file reads."""
    backend = {"python": 'backend: "python"', "onnx": 'backend: "onnxruntime"'}[serving.platform]
    given = {**parameters, "num_threads": str(serving.num_threads)}
    if serving.max_padding_percent and has_lengths(inputs):
        given["max_padding_percent"] = str(serving.max_padding_percent)
    if serving.platform == "onnx":
        given["intra_op_thread_count"] = str(serving.num_threads)
    if serving.execution_env:
        given["EXECUTION_ENV_PATH"] = serving.execution_env
    parts = [
        f'name: "{name}"',
        backend,
        f"max_batch_size: {serving.max_batch_size}",
        *(_tensor("input", t, serving, ragged=has_lengths(inputs)) for t in inputs),
        *(_tensor("output", t, serving, ragged=False) for t in outputs),
        _batching(serving),
        f"instance_group [ {{ count: {serving.num_instances} kind: KIND_{serving.kind.upper()} }} ]",
        f"version_policy {{ latest {{ num_versions: {serving.keep_versions} }} }}",
        "model_transaction_policy { decoupled: false }",
        *([_warm_up(inputs)] if serving.warm_up else []),
        *(
            f'parameters {{ key: "{key}" value: {{ string_value: {json.dumps(value)} }} }}'
            for key, value in sorted(given.items())
        ),
    ]
    return "\n".join(parts) + "\n"


def _tensor(what: str, tensor: Tensor, serving: Serving, *, ragged: bool) -> str:
    dims = list(tensor.shape[1:])
    # The python backend pads sequences itself; other backends are only given those of one length together.
    extra = " allow_ragged_batch: true" if ragged and -1 in dims and serving.platform == "python" else ""
    if not dims:
        # Triton has no item without a dimension.
        dims, extra = [1], " reshape { shape: [ ] }"
    listed = ", ".join(map(str, dims))
    return f'{what} [ {{ name: "{tensor.name}" data_type: {tensor.triton_type} dims: [ {listed} ]{extra} }} ]'


def _batching(serving: Serving) -> str:
    # Without any, a server takes its own: the largest batch.
    preferred = serving.preferred or (serving.max_batch_size,)
    lines = [
        f"max_queue_delay_microseconds: {serving.queue_delay_us}",
        f"preferred_batch_size: [ {', '.join(map(str, preferred))} ]",
    ]
    policy = []
    if serving.timeout_ms:
        policy += [f"timeout_action: {serving.timeout_action.upper()}", "allow_timeout_override: true"]
        policy.append(f"default_timeout_microseconds: {serving.timeout_ms * 1000}")
    if serving.max_queue:
        policy.append(f"max_queue_size: {serving.max_queue}")
    if policy:
        lines.append(f"default_queue_policy {{ {' '.join(policy)} }}")
    return "dynamic_batching {\n  " + "\n  ".join(lines) + "\n}"


def _warm_up(inputs: Sequence[Tensor]) -> str:
    lines, lengths = [], LENGTHS_INPUT if has_lengths(inputs) else None
    for i, tensor in enumerate(inputs):
        dims = [WARM_STEPS if size < 0 else size for size in tensor.shape[1:]] or [1]
        filled = f'input_data_file: "{WARM_LENGTHS}"' if i == lengths else "zero_data: true"
        listed = ", ".join(map(str, dims))
        value = f"data_type: {tensor.triton_type} dims: [ {listed} ] {filled}"
        lines.append(f'  inputs {{ key: "{tensor.name}" value: {{ {value} }} }}')
    return "model_warmup [ {\n" + '  name: "one_item"\n  batch_size: 1\n' + "\n".join(lines) + "\n} ]"
