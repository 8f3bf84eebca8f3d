"""What the recipe chinese-lips-lstm is. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import option
from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import ByName
from services.training.recipes.lips.spec import FREE_SETTINGS as FREE_OF_DATA
from services.training.recipes.lips.spec import MODEL, TRAINING, LipsTrainSettings, decides

LEAST_TEACHER_FORCING, TEACHER_FORCING_DECAY = 0.5, 0.05
"""Of epoch n, from 0, the decoder reads the right characters in max(0.5, 1 - 0.05 n) of the micro-batches."""


@dataclass(frozen=True)
class ChineseLipsConfig(LipsTrainSettings):
    """Settings of a training on Chinese-LiPS. Raises ValueError for what cannot be."""

    # As the baseline has them.
    num_epochs: int = option(100, "times that each clip is learnt from", group=TRAINING)
    accumulation_steps: int = option(4, "micro-batches of an optimiser step, over all ranks", group=TRAINING)

    hidden_dim: int = option(256, "size of the encoder's output and of the decoder", group=MODEL)
    temporal_model: Literal["lstm"] = option("lstm", "what reads along time", group=MODEL)
    num_lstm_layers: int = option(2, "of the encoder", group=MODEL)
    num_heads: int = option(8, "of the attention", group=MODEL)
    dropout: float = option(0.3, "share of values that are dropped in training", group=MODEL)
    pad_mask: bool = option(True, "the attention looks at no frame past a clip's end", group=MODEL)
    learning_rate: float = option(1e-4, "greatest step of AdamW", group=TRAINING)
    weight_decay: float = option(1e-5, "of AdamW", group=TRAINING)
    warmup_epochs: int = option(5, "epochs before the learning rate falls", group=TRAINING)
    warmup: Literal["ramp", "constant"] = option(
        "ramp", "the learning rate grows in them; constant: it is at its greatest", group=TRAINING
    )
    scheduler_type: Literal["cosine", "plateau"] = option("cosine", "how the learning rate falls", group=TRAINING)
    loss_norm: Literal["token", "batch"] = option(
        "token", "losses of a step are divided by its characters; batch: means of micro-batches", group=TRAINING
    )
    log_dir: str = option("", "of no effect: the log is logs/training.log of the results", group=TRAINING)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hidden_dim < 2 or self.hidden_dim % 2 or self.num_heads < 1 or self.hidden_dim % self.num_heads:
            raise ValueError(
                f"hidden_dim {self.hidden_dim} is even, and a multiple of num_heads {self.num_heads}: change one"
            )
        for name, bound in {"num_lstm_layers": 1, "warmup_epochs": 0}.items():
            if getattr(self, name) < bound:
                raise ValueError(f"{name} is {getattr(self, name)}: give {bound} or more")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}: give 0 or more, and less than 1")
        if not self.learning_rate > 0 or self.weight_decay < 0:
            raise ValueError(
                f"learning_rate {self.learning_rate} is more than 0, weight_decay {self.weight_decay} is 0 or more"
            )

    def teacher_forcing(self, epoch: int) -> float:
        """Share of the micro-batches of an epoch, from 0, in which the decoder reads the right characters."""
        return max(LEAST_TEACHER_FORCING, 1.0 - TEACHER_FORCING_DECAY * epoch)


FREE_SETTINGS = FREE_OF_DATA | {"log_dir"}

RECIPE = RecipeSpec(
    name="chinese-lips-lstm",
    version=1,
    config=ChineseLipsConfig,
    train=ByName("services.training.recipes.chinese_lips_lstm.entry_points:train_rank"),
    libraries=("numpy", "torch"),
    fingerprint=lambda config: decides(config, FREE_SETTINGS),
    any_num_ranks=True,
    entry_points={
        "test": ByName("services.training.recipes.chinese_lips_lstm.entry_points:test_main"),
        "stats": ByName("services.training.recipes.lips.stats_command:stats_main"),
        "infer": ByName("services.training.recipes.chinese_lips_lstm.entry_points:infer_main"),
        "export": ByName("services.training.recipes.chinese_lips_lstm.entry_points:export_main"),
        "train": ByName("services.training.recipes.chinese_lips_lstm.entry_points:train_main"),
        "average": ByName("services.training.checkpoint.average_command:average_main"),
    },
)
