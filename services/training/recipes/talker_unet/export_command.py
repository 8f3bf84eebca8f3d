"""The `export` entry point: a head that was trained, as a bundle that needs no torch."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Sequence

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from services.base.errors import EXIT_OK, VisemillError
from services.base.process import log
from services.base.stage.config import add_config_flags, config_from_flags
from services.formats.talker.consent import DIGEST_FACT, KEPT_FILE, STATEMENTS_FACT
from services.formats.talker.head import CARD_FILE, FACES, MODEL_FILE, PAINTED, REFERENCES, SOUNDS, HeadCard, card_file
from services.lips.talker_input import FACE_PX, SOUND_SHAPES
from services.training.checkpoint.content import bytes_of
from services.training.checkpoint.file import load_weights
from services.training.checkpoint.reading import read_checkpoint
from services.training.recipes.bundle_output import check_free, publish_bundle
from services.training.recipes.talker.recognised import check_weights
from services.training.recipes.talker_unet.export_settings import HeadExportSettings
from services.training.recipes.talker_unet.pieces import new_network
from services.training.recipes.talker_unet.spec import RECIPE
from services.training.recipes.talker_unet.test_command import TRAINED
from services.training.recipes.traced_graph import TOLERANCE, traced
from services.training.talker.painting import pictures_of

COMPARED = (1, 2, 3, 8)
"""Batches that the graph is compared on."""


class HeadGraph(nn.Module):
    """What a bundle's network takes and gives (services.formats.talker.head)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, references_BSSC: Tensor, faces_BSSC: Tensor, sounds_BCHW: Tensor) -> Tensor:
        pictures_B6SS, _ = pictures_of(references_BSSC, faces_BSSC)
        painted_BCSS: Tensor = self.network(pictures_B6SS, sounds_BCHW)
        return painted_BCSS.permute(0, 2, 3, 1)


def export_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m services {RECIPE.name} export", description=__doc__)
    add_config_flags(parser, HeadExportSettings)
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the lines as its `text`")
    flags = parser.parse_args(argv)
    settings: HeadExportSettings = config_from_flags(HeadExportSettings, flags)
    if not flags.json:
        log.setup()
    check_free(settings.bundle)
    data = bytes_of(settings.file)
    checkpoint = read_checkpoint(settings.file, data)
    config, asr_model = TRAINED.config_of(checkpoint, settings.file, settings.asr)
    model = new_network(config, asr_model, config.seed)
    check_weights(model.state_dict(), checkpoint.model, settings.file)
    load_weights(model, checkpoint.model)
    graph = HeadGraph(model.eval().to(memory_format=torch.contiguous_format)).eval()
    network, worst = graph_of(graph, asr_model, FACE_PX[config.crop_px])
    best, facts = checkpoint.progress.best_score, checkpoint.facts
    card = HeadCard(
        recipe=RECIPE.name,
        asr=asr_model,
        resolution=config.resolution,
        width=config.width,
        digests={
            "model": hashlib.sha256(network).hexdigest(),
            "checkpoint": hashlib.sha256(data).hexdigest(),
            **({"consent": facts[DIGEST_FACT]} if DIGEST_FACT in facts else {}),
        },
        scores={"val_loss": best} if facts and math.isfinite(best) else {},
    )
    consent = {KEPT_FILE: facts[STATEMENTS_FACT].encode()} if STATEMENTS_FACT in facts else {}
    publish_bundle(settings.bundle, {MODEL_FILE: network, CARD_FILE: card_file(card), **consent})
    text = (
        f"{settings.bundle}: {len(network) / 2**20:.1f} MiB; differs from the checkpoint by {worst:.1g} at most "
        f"(allowed: {TOLERANCE:g}), over batches of {COMPARED[0]} to {COMPARED[-1]} frames"
    )
    told = {"bundle": settings.bundle, "card": json.loads(card_file(card)), "greatest_difference": worst}
    sys.stdout.write((json.dumps({**told, "text": text}) if flags.json else text) + "\n")
    return EXIT_OK


def graph_of(graph: HeadGraph, asr_model: str, face_px: int) -> tuple[bytes, float]:
    """(the ONNX file, how much it differs from the graph at most). Raises VisemillError EXPORT_DIFFERS."""
    axes = {name: {0: "batch"} for name in (REFERENCES, FACES, SOUNDS, PAINTED)}
    data = traced(graph, made_input(2, asr_model, face_px), axes, num_inputs=3)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    worst = 0.0
    for size in COMPARED:
        given = made_input(size, asr_model, face_px)
        with torch.inference_mode():
            expected = graph(*given).numpy()
        named = dict(zip((REFERENCES, FACES, SOUNDS), (one.numpy() for one in given), strict=True))
        (found,) = session.run([PAINTED], named)
        worst = max(worst, float(np.abs(found - expected).max()))
    if not worst <= TOLERANCE:
        raise VisemillError(
            "EXPORT_DIFFERS", f"the graph differs from the checkpoint by {worst:.2g}, and {TOLERANCE:g} is allowed"
        )
    return data, worst


def made_input(size: int, asr_model: str, face_px: int) -> tuple[Tensor, Tensor, Tensor]:
    """(references, faces, sounds) of a batch, drawn from its size."""
    random, shape = np.random.default_rng(size), SOUND_SHAPES[asr_model]
    pictures = [random.integers(0, 256, (size, face_px, face_px, 3)).astype(np.uint8) for _ in range(2)]
    sounds = random.standard_normal((size, shape.channels, shape.height, shape.width)).astype(np.float32)
    references, faces = map(torch.from_numpy, pictures)
    return references, faces, torch.from_numpy(sounds)
