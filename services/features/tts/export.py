"""The networks of speech as a model of a Triton server: `python -m services.features.tts.export REPOSITORY`.

One model holds all of them, so that only a filterbank goes up. Settings are the stage's, and how it is served; what is
in the repository is listed and verified by `visemill models`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from services.base.errors import EXIT_OK, VisemillError
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping
from services.features.networks import Array
from services.features.runtimes.export import MOST_INSIDE_BYTES, export_graph
from services.features.speech.extraction import SpeechNetworks
from services.features.speech.filterbank import NUM_BINS, STACKED
from services.features.tts.models import models_of, served_weights
from services.features.tts.opening import open_networks
from services.features.tts.served import CODES, CONDITION, EMOTION, FILTERBANKS, LENGTHS, MODEL
from services.features.tts.spec import SpeechConfig
from services.triton.config import Serving
from services.triton.layout import ONNX_FILE, card_of, check_inputs, make_folder, write_version
from services.triton.verify import Finding

# Below it the front of the conditioners has one frame, and a graph would be made for that alone.
_LEAST_STEPS = 5
# A batch of clips of which the longest is a quarter longer than another is little slower than each alone.
_MAX_PADDING_PERCENT = 25
_MAX_BATCH_SIZE = 8
_OF_NETWORKS = ("config", "gpt_checkpoint", "w2v_stat", "w2v_bert", "semantic_codec", "hf_cache_dir", "seed")


def export_speech(
    repository: Path, config: SpeechConfig, serving: Serving, *, most_inside_bytes: int = MOST_INSIDE_BYTES
) -> Finding:
    """Adds the networks of a config to a model repository. Raises BadConfig as `open_networks` does.

    most_inside_bytes: as of `export_graph`.
    """
    weights = served_weights(models_of(config))
    networks, _ = open_networks(config)
    with tempfile.TemporaryDirectory(dir=repository, prefix=".export.") as scratch:
        onnx = Path(scratch) / ONNX_FILE
        facts = {"model": MODEL, "weights": weights}
        export_graph(
            networks, *arrays_of(networks), onnx, facts, least_steps=_LEAST_STEPS, most_inside_bytes=most_inside_bytes
        )
        card = card_of(onnx, MODEL, weights)
        (_, filterbanks_NTC), (_, lengths_N) = check_inputs(card)
        with torch.inference_mode():
            made = networks(torch.from_numpy(filterbanks_NTC), torch.from_numpy(lengths_N))
        codes_NT, condition_NKD, emotion_ND = (array.numpy() for array in made)
        inside = [row[:length] for row, length in zip(codes_NT, lengths_N, strict=True)]
        check = {CODES: np.concatenate(inside), CONDITION: condition_NKD, EMOTION: emotion_ND}
        folder = write_version(repository, card, onnx, check, serving)
    return Finding(MODEL, int(folder.name), weights, card.digest)


def arrays_of(networks: SpeechNetworks) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Inputs and outputs of the graph."""
    model_dim = networks.voice.shape.model_dim
    num_latents = networks.voice.num_latents
    return (
        (Array(FILTERBANKS, "float32", ("N", "T", STACKED * NUM_BINS)), Array(LENGTHS, "int64", ("N",))),
        (
            Array(CODES, "int64", ("N", "T")),
            Array(CONDITION, "float32", ("N", num_latents, model_dim)),
            Array(EMOTION, "float32", ("N", model_dim)),
        ),
    )


def build_parser() -> argparse.ArgumentParser:
    """The folder, the stage's files, and how they are served."""
    parser = argparse.ArgumentParser(
        prog="python -m services.features.tts.export",
        description="Write the networks of speech into a model repository.",
    )
    parser.add_argument(
        "repository", type=Path, metavar="REPOSITORY", help="folder that a Triton server reads; created if missing"
    )
    others = {field.name for field in dataclasses.fields(SpeechConfig)}.difference(_OF_NETWORKS)
    add_config_flags(parser, SpeechConfig, skip=tuple(others))
    add_config_flags(parser, Serving)
    parser.set_defaults(
        max_batch_size=_MAX_BATCH_SIZE, preferred_batch_sizes="", max_padding_percent=_MAX_PADDING_PERCENT
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Prints what was written. Exit codes: 0, or that of what failed."""
    flags = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        serving = config_from_flags(Serving, flags)
        # Whatever serves it, the file is made on the CPU.
        settings = {"device": "cpu", **{name: getattr(flags, name) for name in _OF_NETWORKS}}
        config = config_from_mapping(SpeechConfig, settings)
        make_folder(flags.repository)
        found = export_speech(flags.repository, config, serving)
    except VisemillError as error:
        sys.stderr.write(json.dumps({"kind": error.kind, "reason": error.reason, "message": error.message}) + "\n")
        return error.exit_code
    sys.stdout.write(f"{found.model} {found.version} {found.weights}\n")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
