"""What a recipe on Chinese-LiPS is to the entry points that all of them have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from services.base.stage.recipe import RecipeSpec
from services.training.data.lips.chinese_lips import LipsData
from services.training.interfaces import Batch, LossSum, Pieces
from services.training.lipreading.scores.counts import Counts
from services.training.lipreading.tokenizer import Tokenizer
from services.training.recipes.lips.command_settings import LipsTestSettings

TOKENIZER_FILE = "tokenizer.json"


class LipsReader(Protocol):
    """A network of some settings, and how it is applied to a batch as LipsClips has them. It holds no weights."""

    tokenizer: Tokenizer

    def network(self, seed: int) -> nn.Module:
        """With random weights, which follow from the seed."""
        ...

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> LossSum:
        """Of a micro-batch."""
        ...

    def texts(self, model: nn.Module, batch: Batch) -> tuple[LossSum, list[str]]:
        """The loss, and what the model reads in each clip, for the validation."""
        ...

    def read(self, model: nn.Module, batch: Batch) -> list[str]:
        """What the model reads in each clip, as well as it can; of the batch, frames and lengths alone are looked
        at.
        """
        ...

    def look(self, model: nn.Module, batch: Batch, text: str) -> tuple[npt.NDArray[np.float32], list[str]]:
        """Into the one clip of a batch: float32 [S, K], 0..1, of S steps and K characters, and these. text: as read."""
        ...

    def facts(self) -> Mapping[str, str]:
        """What a checkpoint must have in common with the network that it is restored into."""
        ...


class TestReader(NamedTuple):
    """Who reads in a test. digests: of what it reads with beside its checkpoint. search: how it finds a text. further:
    (model in eval mode, batch) -> by name of a rate, such as PER, what is counted in each clip; None: nothing.
    """

    reader: LipsReader
    digests: Mapping[str, str] = {}
    search: str = ""
    further: Callable[[nn.Module, Batch], Mapping[str, Sequence[Counts]]] | None = None


@dataclass(frozen=True)
class LipsKind:
    """reader, pieces: of the recipe's settings. config_of_facts: (facts of a checkpoint, settings) -> the settings with
    those of its network; raises BadConfig CHECKPOINT_DAMAGED. test_settings: what its test may be told. test_reader:
    (these, settings of the network, tokenizer) -> who reads then; None: the reader, whatever they are.
    """

    recipe: RecipeSpec
    reader: Callable[[Any, Tokenizer], LipsReader]
    pieces: Callable[[Any, LipsData, Tokenizer], Pieces]
    config_of_facts: Callable[[Mapping[str, str], Any], Any]
    test_settings: type[LipsTestSettings] = LipsTestSettings
    test_reader: Callable[[Any, Any, Tokenizer], TestReader] | None = None
