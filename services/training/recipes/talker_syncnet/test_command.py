"""The `test` entry point: a trained network is asked whose sound is whose, beside controls that know nothing."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from services.base.errors import EXIT_OK, BadConfig
from services.base.media.arrays import Float32Array
from services.base.process import log
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping
from services.training.checkpoint.content import bytes_of
from services.training.checkpoint.file import Checkpoint, load_weights
from services.training.checkpoint.reading import read_checkpoint
from services.training.data.talker.opening import open_persons
from services.training.data.talker.sync_data import Held, split_of
from services.training.device import device_of
from services.training.recipes.talker_syncnet.command_settings import SyncTestSettings
from services.training.recipes.talker_syncnet.pieces import embedded, new_network
from services.training.recipes.talker_syncnet.spec import RECIPE, SyncNetConfig
from services.training.talker.sync_report import LATE_FRAMES, SyncTest, facts_of, lines_of
from services.training.talker.sync_scores import SyncCounts, counts_of, likenesses


def test_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m services {RECIPE.name} test", description=__doc__)
    add_config_flags(parser, SyncTestSettings)
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the lines as its `text`")
    flags = parser.parse_args(argv)
    settings: SyncTestSettings = config_from_flags(SyncTestSettings, flags)
    if not flags.json:
        log.setup()
    checkpoint = read_checkpoint(settings.file, bytes_of(settings.file))
    config, asr_model = config_of(checkpoint, settings.file)
    scratch = Path(tempfile.gettempdir()) / "visemill-crops"
    persons, _ = open_persons(settings.data_root, settings.chosen_names, asr_model, config.crop_px, scratch)
    held = split_of(persons, config.seed).held
    if settings.whole:
        held = [Held(person, tuple(person.frames(range(person.num_frames)))) for person in persons]
    model = new_network(config, asr_model, config.seed)
    load_weights(model, checkpoint.model)
    with torch.inference_mode():
        found = measured(model.to(device_of("auto")).eval(), held, settings.seed)
    text = "\n".join(lines_of(found))
    sys.stdout.write((json.dumps({**facts_of(found), "text": text}) if flags.json else text) + "\n")
    return EXIT_OK


def config_of(checkpoint: Checkpoint, path: str) -> tuple[SyncNetConfig, str]:
    """(settings of the network and of what it held out, model of the features).

    Raises BadConfig OTHER_RECIPE, CHECKPOINT_DAMAGED.
    """
    facts = checkpoint.facts
    if facts.get("recipe") != RECIPE.name:
        raise BadConfig(
            "OTHER_RECIPE", f"{path} is of recipe {facts.get('recipe')!r}, not {RECIPE.name}: give another file"
        )
    try:
        values = {"resolution": facts["resolution"], "width": float(facts["width"]), "seed": int(facts["seed"])}
        return config_from_mapping(SyncNetConfig, values), facts["asr"]
    except (KeyError, ValueError) as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"{path} does not say what it was made with: {error!r}") from error


def measured(model: torch.nn.Module, held: Sequence[Held], seed: int) -> SyncTest:
    """held: of each person, what is asked about. The model is in eval mode."""
    random = np.random.default_rng(seed)
    vectors = [embedded(model, one.person, one.frames) for one in held]
    own, permuted, other, late = [], [], [], []
    for i, (one, (faces_ND, sounds_TD)) in enumerate(zip(held, vectors, strict=True)):
        own.append(_counted(one, faces_ND, sounds_TD))
        permuted.append(_counted(one, faces_ND, sounds_TD[random.permutation(len(sounds_TD))]))
        other.append(_counted(one, faces_ND, vectors[(i + 1) % len(vectors)][1]))
        late.append(_counted(one, faces_ND, np.roll(sounds_TD, LATE_FRAMES, axis=0)))
    return SyncTest(
        tuple(one.person.name for one in held),
        tuple(own),
        tuple(permuted),
        tuple(other) if len(held) > 1 else None,
        tuple(late),
        seed,
    )


def _counted(held: Held, faces_ND: Float32Array, sounds_TD: Float32Array) -> SyncCounts:
    return counts_of(likenesses(faces_ND, sounds_TD, held.frames), held.person.voiced_N[list(held.frames)])
