"""The `average` entry point: the mean of the weights of checkpoints, as one file that `test` reads."""

from __future__ import annotations

import argparse
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from services.base.errors import EXIT_OK, BadConfig
from services.base.process import log
from services.training.checkpoint.average import average
from services.training.checkpoint.file import decoded, weights_file

_EPOCH = re.compile(r"checkpoint_epoch_([0-9]+)\.pt", re.ASCII)
# Of what a checkpoint is of, which an average of several is not.
_OF_ONE = "step"


def average_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services RECIPE average", description=__doc__)
    parser.add_argument("--checkpoint-dir", type=Path, help="of a training: its last checkpoint_epoch_N.pt are taken")
    parser.add_argument("--last-n", type=int, default=5, help="how many of them (default: 5)")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], help="a file; may be repeated")
    parser.add_argument("--output", type=Path, required=True, help="file to write, such as averaged.safetensors")
    flags = parser.parse_args(argv)
    log.setup()
    files = flags.checkpoint or _last(flags.checkpoint_dir, flags.last_n)
    models, facts = _read(files)
    data = weights_file(average(models), facts)
    flags.output.parent.mkdir(parents=True, exist_ok=True)
    beside = flags.output.with_name(f".{flags.output.name}.{secrets.token_hex(4)}")
    beside.write_bytes(data)
    beside.replace(flags.output)
    names = ", ".join(path.name for path in files)
    sys.stdout.write(f"{flags.output}: the mean of {len(files)} checkpoints, {names}\n")
    return EXIT_OK


def _last(folder: Path | None, last_n: int) -> list[Path]:
    """In the order of their epochs. Raises BadConfig NO_CHECKPOINT."""
    found = sorted(
        (int(match[1]), path) for path in (folder.iterdir() if folder else ()) if (match := _EPOCH.fullmatch(path.name))
    )
    if last_n < 1 or len(found) < last_n:
        raise BadConfig(
            "NO_CHECKPOINT",
            f"{folder} holds {len(found)} checkpoint_epoch_N.pt, and --last-n is {last_n}: give as many as there are "
            "(a training keeps --keep-last-n), or name files by --checkpoint",
        )
    return [path for _, path in found[-last_n:]]


def _read(files: Sequence[Path]) -> tuple[list[Mapping[str, torch.Tensor]], dict[str, str]]:
    """(weights of each, facts of all). Raises BadConfig NO_CHECKPOINT, CHECKPOINT_DAMAGED, OTHER_TRAINING."""
    models: list[Mapping[str, torch.Tensor]] = []
    first: dict[str, str] = {}
    for path in files:
        if not path.is_file():
            raise BadConfig("NO_CHECKPOINT", f"there is no file {path}: give checkpoint_epoch_N.pt of a training")
        checkpoint = decoded(path.read_bytes())
        facts = {name: value for name, value in checkpoint.facts.items() if name != _OF_ONE}
        shapes = {name: tensor.shape for name, tensor in checkpoint.model.items()}
        if models and (facts != first or shapes != {name: tensor.shape for name, tensor in models[0].items()}):
            raise BadConfig(
                "OTHER_TRAINING",
                f"{path} is of another training than {files[0]}: give checkpoints of one",
                f"{facts} and {first}",
            )
        first = facts
        models.append(checkpoint.model)
    return models, first
