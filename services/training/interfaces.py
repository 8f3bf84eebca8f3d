"""What the parts of a training are to each other: items, steps, data, and the pieces that a recipe is put together of.

Imports no torch when it is loaded, so that plans and specs can use it without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

Batch = Mapping[str, Any]
"""Name -> CPU tensor, or a list of values a clip. frames_BTHWC: uint8, padded with 0; lengths_B: int64, frames each."""


@dataclass(frozen=True, slots=True)
class Item:
    """Of an epoch: a clip, or a stretch of one. key: of the clip. cost: frames. num_labels: of its text."""

    key: str
    cost: int
    num_labels: int

    def __post_init__(self) -> None:
        if self.cost < 1 or self.num_labels < 0:
            raise ValueError(f"item {self.key!r} of {self.cost} frames and {self.num_labels} labels: 1 frame or more")


@dataclass(frozen=True, slots=True)
class Step:
    """One optimiser step: indices of items, by micro-batch. Ranks share out the micro-batches."""

    micro_batches: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if not self.micro_batches or not all(self.micro_batches):
            raise ValueError("a step has one micro-batch or more, and each of these one item or more")


class TrainingData(Protocol):
    """What is learnt from, by random access. Thread-safe."""

    @property
    def items(self) -> Sequence[Item]:
        """In an order that does not change."""
        ...

    @property
    def digest(self) -> str:
        """Of all that the items and their batches follow from."""
        ...

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        """The items of these indices as one batch. seed_name: what all that is drawn at random here is drawn from; the
        same name gives the same bytes, in any thread and any process. Raises BadInput, BadConfig, Transient.
        """
        ...


@dataclass(frozen=True)
class LossSum:
    """Of a micro-batch: total, the sum of its losses as a float32 scalar with a gradient; count: of what they are
    summed over, such as target characters. Where nothing can be learnt of it, total is 0 (with a gradient) and count 0.
    parts: further sums by name, for the validation.
    """

    total: torch.Tensor
    count: int
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """What a model has read in an item of the validation. frames_THWC: uint8 NumPy array; None: not to be shown."""

    key: str
    reference: str
    hypothesis: str
    frames_THWC: Any = None


OwnFiles = Callable[
    [Iterable[tuple[int, bytes]], Any, "torch.nn.Module"],
    Iterator[tuple[str, bytes]],
]


@dataclass(frozen=True)
class Pieces:
    """What a recipe makes of its config; `dataclasses.replace` exchanges any of them.

    train: the data. budget_cost: of a padded micro-batch, in frames. budget_items: of a micro-batch, at most; 0: any
    number. model: a new model on the CPU, whose weights are drawn from this seed alone. Running statistics of its
    modules (running_mean, running_var, momentum, as of BatchNorm)
    are averaged by the loop over the micro-batches of a step. loss: (model, batch on the model's device, generator on
    it) -> the sum of the micro-batch's losses; what it draws, it draws from the generator or from torch's default one,
    which is seeded alike. optimizer: of a model.
    learning_rate: (share of the training that is done, from 0 to below 1; validation losses so far, one an epoch) ->
    factor on the optimiser's own rate.
    train_at: (seed, epoch from 0, share of the training before it) -> the data of that epoch, such as stretches of
    clips before whole ones; None: train.
    validate: (model in eval mode, part, num_parts) -> sums by name over that part of the validation data, the same
    names whatever the part; the loop adds up the parts of all ranks. None: no validation. scores: these sums -> what is
    logged, among it `loss` and best_by, whose least value is the best.
    samples: (model in eval mode, how many at most) -> what it reads in items of the validation, the same each time.
    notes: what the log warns of at the start, such as items that are left out, and why; it was said when it was found.
    warnings: likewise, of what nobody has said yet.
    num_val: validation items. vocabulary_size: for the log. files: name -> bytes of what is published beside the
    weights, such as tokenizer.json. facts: plain values that every checkpoint carries, and must have to be restored.
    carried: likewise, but those of a checkpoint that is restored may be others.
    own_files: (epochs with their checkpoints, progress, model, whose weights may be changed) -> name and bytes of
    further files of the result; epochs count from 1: those that are saved, the best and the last. None: none.
    of_one_size: whether all batches have one size, so that the memory of one step fits the next.
    less_memory: what helps where one item does not fit into memory.
    """

    train: TrainingData
    budget_cost: int
    model: Callable[[int], torch.nn.Module]
    loss: Callable[[torch.nn.Module, Batch, torch.Generator], LossSum]
    optimizer: Callable[[torch.nn.Module], torch.optim.Optimizer]
    learning_rate: Callable[[float, Sequence[float]], float]
    train_at: Callable[[int, int, float], TrainingData] | None = None
    validate: Callable[[torch.nn.Module, int, int], Mapping[str, float]] | None = None
    scores: Callable[[Mapping[str, float]], Mapping[str, float]] = dict
    samples: Callable[[torch.nn.Module, int], Sequence[Sample]] | None = None
    best_by: str = "loss"
    budget_items: int = 0
    num_val: int = 0
    vocabulary_size: int = 0
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[str, str] = field(default_factory=dict)
    own_files: OwnFiles | None = None
    of_one_size: bool = False
    less_memory: str = "leave out such items (a lower --max-frames), or use a smaller model"
