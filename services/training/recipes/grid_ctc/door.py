"""The `test` entry point: a lipreader that was trained reads the clips of a split, and its score is printed."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load as load_safetensors

from services.base.errors import EXIT_OK, BadConfig
from services.base.process import log
from services.base.stage.config import config_from_mapping
from services.training.checkpoint.file import Checkpoint, decoded
from services.training.checkpoint.progress import Progress
from services.training.data.shards import SPLITS
from services.training.lipreading.scores.printed import lines_of
from services.training.recipes.grid_ctc.pieces import alphabet_file
from services.training.recipes.grid_ctc.scoring import measured
from services.training.recipes.grid_ctc.spec import GridCtcConfig
from services.training.recipes.grid_ctc.training import open_data

_SAFETENSORS = ".safetensors"


def test_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services grid-ctc test", description=__doc__)
    parser.add_argument("--data-root", required=True, help="TFRecords of `visemill run grid`")
    parser.add_argument("--checkpoint", required=True, type=Path, help="best_model.pt, or weights as .safetensors")
    parser.add_argument("--state-root", help="where the index of the records is kept (default: .visemill below them)")
    parser.add_argument("--split", choices=SPLITS, default="test", help="whose clips are read (default: test)")
    parser.add_argument("--beam-width", type=int, default=20, help="prefixes to keep; 1: the likeliest class a step")
    parser.add_argument("--num-examples", type=int, default=5, help="clips whose texts are printed (default: 5)")
    flags = parser.parse_args(argv)
    log.setup()
    data = flags.checkpoint.read_bytes() if flags.checkpoint.is_file() else None
    if data is None:
        raise BadConfig("NO_CHECKPOINT", f"there is no file {flags.checkpoint}: give the best_model.pt of a training")
    checkpoint = _read(flags.checkpoint, data)
    config = _config_of(checkpoint, flags.checkpoint, flags.beam_width)
    records = open_data(config, flags.data_root, flags.state_root or f"{flags.data_root}/.visemill")
    if checkpoint.facts.get("vocabulary") != records.alphabet.characters:
        raise BadConfig(
            "OTHER_VOCABULARY",
            f"the checkpoint tells {checkpoint.facts.get('vocabulary')!r} apart, and the records have "
            f"{records.alphabet.characters!r}: test it on records of its own alphabet",
        )
    digests = {
        "checkpoint": hashlib.sha256(data).hexdigest(),
        "data": records.digest,
        "tokenizer": hashlib.sha256(alphabet_file(records.alphabet)).hexdigest(),
    }
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found = measured(config, records, checkpoint.model, flags.split, digests, device)
    sys.stdout.write("\n".join(lines_of(found, flags.num_examples)) + "\n")
    return EXIT_OK


def _read(path: Path, data: bytes) -> Checkpoint:
    if path.suffix != _SAFETENSORS:
        return decoded(data)
    try:
        with safetensors.safe_open(path, "pt") as file:
            facts = file.metadata() or {}
        return Checkpoint(load_safetensors(data), {}, {}, Progress(), facts)
    except safetensors.SafetensorError as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"{path} holds no weights ({error}): take another") from error


def _config_of(checkpoint: Checkpoint, path: Path, beam_width: int) -> GridCtcConfig:
    """Of the network that the checkpoint is of. Raises BadConfig OTHER_RECIPE, CHECKPOINT_DAMAGED, BAD_SETTING."""
    facts = checkpoint.facts
    if facts.get("recipe") != "grid-ctc":
        raise BadConfig("OTHER_RECIPE", f"{path} is of recipe {facts.get('recipe')!r}, not grid-ctc: give another file")
    try:
        values = {"val_share": float(facts["val_share"]), "seed": int(facts["seed"]), "size": facts["size"]}
        return config_from_mapping(GridCtcConfig, {**values, "encoder": facts["encoder"], "beam_width": beam_width})
    except (KeyError, ValueError) as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"{path} does not say what it was made with: {error!r}") from error
