"""What every training may be told, whatever its recipe. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import FileRef, option

Precision = Literal["fp32", "bf16", "fp16"]
Device = Literal["auto", "cuda", "cpu"]
OWN_CHECKPOINTS = frozenset({"", "auto"})
"""Of resume: no file, but what this training has saved, if there is anything."""


@dataclass(frozen=True)
class TrainSettings:
    """Settings of the loop; a recipe's config adds its own. Raises ValueError for what cannot be."""

    num_epochs: int = option(40, "times that each clip is learnt from", group="training")
    seed: int = option(1, "what all that is drawn at random is drawn from", group="training")
    accumulation_steps: int = option(1, "micro-batches of an optimiser step, over all ranks", group="training")
    precision: Precision = option("fp32", "numbers of the forward pass", group="training")
    device: Device = option(
        "auto", "a GPU where there is one, else the CPU; cuda: refused without a GPU", group="training"
    )
    gradient_clip: float = option(5.0, "largest norm of a step's gradient", group="training")
    max_bad_steps: int = option(
        20,
        "steps in a row without a finite loss and gradient that end the training",
        group="training",
    )
    patience: int = option(0, "epochs without a better score that end the training; 0: none do", group="training")
    average_last_n: int = option(5, "epochs whose weights are averaged in the end", group="training")
    save_every_s: float = option(300.0, "time between two checkpoints", group="training", unit="s")
    save_every: int = option(5, "epochs between two checkpoint_epoch_N.pt", group="training", unit="epochs")
    keep_last_n: int = option(3, "checkpoint_epoch_N.pt to keep, beside the best", group="training")
    log_every: int = option(50, "steps between two lines of metrics.jsonl", group="training")
    use_tensorboard: bool = option(False, "write what TensorBoard shows, after each epoch", group="training")
    tensorboard_dir: FileRef = option(
        "", "where: a folder or s3://bucket/prefix (default: runs below the output)", group="training", metavar="ROOT"
    )
    log_images: bool = option(True, "show TensorBoard the clips of its samples as film strips", group="training")
    log_text_samples: int = option(5, "clips of the validation whose texts TensorBoard shows", group="training")
    compile: bool = option(False, "torch.compile of the network; as it is where no compiler is there", group="training")
    max_bad_records: int = option(0, "records that cannot be read, over which nothing is trained", group="data set")
    resume: FileRef = option(
        "",
        "checkpoint that a training without one of its own begins from (default: none; the same: auto)",
        group="training",
        metavar="FILE",
    )
    num_workers: int = option(2, "threads that read two batches ahead each, of each rank", group="training")
    num_threads: int = option(0, "cores of each rank; 0: its share of them", group="training")
    dist_timeout_s: float = option(120.0, "after which a rank that waits for another gives up", group="training")

    def __post_init__(self) -> None:
        least = {
            "num_epochs": 1, "accumulation_steps": 1, "max_bad_steps": 1, "save_every": 1, "log_every": 1,
            "keep_last_n": 0, "average_last_n": 0, "patience": 0, "num_workers": 0, "num_threads": 0,
            "max_bad_records": 0, "log_text_samples": 0,
        }  # fmt: skip
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise ValueError(f"{name} is {getattr(self, name)}: give {bound} or more")
        for name in ("gradient_clip", "save_every_s", "dist_timeout_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}: give more than 0")


FREE = frozenset(
    {
        *("save_every_s", "save_every", "keep_last_n", "log_every", "num_workers", "num_threads", "dist_timeout_s"),
        *("max_bad_records", "use_tensorboard", "tensorboard_dir", "log_images", "log_text_samples", "resume"),
        "device",
    }
)
"""Settings that decide nothing of what is learnt."""
