"""The `infer` entry point: a lipreader that was trained reads one clip of a mouth."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from services.base.errors import EXIT_OK, BadConfig
from services.base.media.clip import Media
from services.base.process import log
from services.base.stage.config import add_config_flags, config_from_flags
from services.training.data.lips.reading import Reading
from services.training.data.lips.videos import frames_of
from services.training.lipreading.scores.counts import character_counts
from services.training.recipes.lips.command_settings import LipsInferSettings
from services.training.recipes.lips.kind import LipsKind
from services.training.recipes.lips.trained import open_trained


def run_infer(kind: LipsKind, argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m services {kind.recipe.name} infer", description=__doc__)
    add_config_flags(parser, LipsInferSettings)
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the lines as its `text`")
    flags = parser.parse_args(argv)
    settings: LipsInferSettings = config_from_flags(LipsInferSettings, flags)
    if not flags.json:
        log.setup()
    trained = open_trained(kind, settings.file)
    config = trained.config
    try:
        media = Media.of_bytes(Path(settings.video_path).name, Path(settings.video_path).read_bytes())
    except OSError as error:
        raise BadConfig("MEDIA_MISSING", f"{settings.video_path} cannot be read ({error.strerror})") from error
    # All of it: nothing is learnt, so that no batch has to fit.
    whole = Reading(config.frame_height, config.frame_width, config.fps, config.resample, sys.maxsize)
    frames_THW = frames_of(media, whole)
    batch = {
        "frames_BTHWC": torch.from_numpy(frames_THW[None, ..., None]),
        "lengths_B": torch.tensor([len(frames_THW)]),
    }
    with torch.inference_mode():
        (text,) = trained.reader.read(trained.network(), batch)
    found: dict[str, object] = {"text": text, "frames": len(frames_THW)}
    said = f"Predicted: {text}"
    if settings.ground_truth:
        cer = character_counts(settings.ground_truth, text).rate
        found |= {"ground_truth": settings.ground_truth, "cer": cer}
        said = f"Ground truth: {settings.ground_truth}\n{said}\nCER: {cer:.4f} ({1 - cer:.2%} accuracy)"
    sys.stdout.write((json.dumps({"read": found, "text": said}) if flags.json else said) + "\n")
    return EXIT_OK
