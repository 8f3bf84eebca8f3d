"""The `test` entry point: a lipreader that was trained reads the clips of a split, and its score is printed."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Sequence

import safetensors
import torch
from safetensors.torch import load as load_safetensors

from services.base.errors import EXIT_OK, BadConfig
from services.base.process import log
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping
from services.base.store.interface import NotThere
from services.base.store.open import open_store
from services.training.checkpoint.file import Checkpoint, decoded
from services.training.checkpoint.progress import Progress
from services.training.lipreading.scores.files import files_of, worst
from services.training.lipreading.scores.plain import facts_of
from services.training.lipreading.scores.printed import lines_of
from services.training.recipes.grid_ctc.door_settings import TestSettings
from services.training.recipes.grid_ctc.pieces import alphabet_file
from services.training.recipes.grid_ctc.scoring import looks, measured
from services.training.recipes.grid_ctc.spec import GridCtcConfig
from services.training.recipes.grid_ctc.training import open_data

_SAFETENSORS = ".safetensors"


def test_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services grid-ctc test", description=__doc__)
    add_config_flags(parser, TestSettings)
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the lines as its `text`")
    flags = parser.parse_args(argv)
    settings: TestSettings = config_from_flags(TestSettings, flags)
    if not flags.json:
        log.setup()
    data = bytes_of(settings.file)
    checkpoint = read_checkpoint(settings.file, data)
    config = _config_of(checkpoint, settings)
    records = open_data(config, settings.data_root, settings.index_root)
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
    found = measured(config, records, checkpoint.model, settings.split, digests, device)
    worst_clips = worst(found, settings.num_shown)
    shown = looks(config, records, checkpoint.model, settings.split, worst_clips, device)
    results = open_store(settings.results)
    for name, content in files_of(found, shown).items():
        results.put(name, content)
    lines = [*lines_of(found, settings.num_examples), f"results: {results.uri}"]
    text = "\n".join(lines)
    sys.stdout.write((json.dumps({**facts_of(found), "text": text}) if flags.json else text) + "\n")
    return EXIT_OK


def bytes_of(file: str) -> bytes:
    """Raises BadConfig NO_CHECKPOINT, or as the stores do."""
    folder, _, name = file.rpartition("/")
    try:
        return open_store(folder or ".", must_exist=True).read(name)
    except (NotThere, BadConfig) as error:
        if isinstance(error, BadConfig) and error.reason != "ROOT_MISSING":
            raise
        raise BadConfig("NO_CHECKPOINT", f"there is no file {file}: give the best_model.pt of a training") from error


def read_checkpoint(file: str, data: bytes) -> Checkpoint:
    """data: of the file, a checkpoint or weights as .safetensors. Raises BadConfig CHECKPOINT_DAMAGED."""
    if not file.endswith(_SAFETENSORS):
        return decoded(data)
    try:
        with tempfile.NamedTemporaryFile(suffix=_SAFETENSORS) as copy:
            copy.write(data)
            copy.flush()
            with safetensors.safe_open(copy.name, "pt") as opened:
                facts = opened.metadata() or {}
        return Checkpoint(load_safetensors(data), {}, {}, Progress(), facts)
    except safetensors.SafetensorError as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"{file} holds no weights ({error}): take another") from error


def _config_of(checkpoint: Checkpoint, settings: TestSettings) -> GridCtcConfig:
    """Of the network that the checkpoint is of, and of the test. Raises BadConfig OTHER_RECIPE, CHECKPOINT_DAMAGED,
    BAD_SETTING.
    """
    facts, path = checkpoint.facts, settings.file
    if facts.get("recipe") != "grid-ctc":
        raise BadConfig("OTHER_RECIPE", f"{path} is of recipe {facts.get('recipe')!r}, not grid-ctc: give another file")
    try:
        values = {"val_share": float(facts["val_share"]), "seed": int(facts["seed"]), "size": facts["size"]}
        values |= {name: getattr(settings, name) for name in ("allow_leak", "max_bad_records", "beam_width")}
        return config_from_mapping(GridCtcConfig, {**values, "encoder": facts["encoder"]})
    except (KeyError, ValueError) as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"{path} does not say what it was made with: {error!r}") from error
