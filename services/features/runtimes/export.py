"""Networks as ONNX files: `python -m services.features.runtimes.export inception_v3|semantic FILE`.

inception_v3: `frames` uint8 [N, 299, 299, 3] RGB (or [N, H, W, 3] with --any-size) -> `features` float32 [N, 2048]; all
preprocessing is in the graph. semantic: `sequences` float32 [N, T, C], `lengths` int64 [N] -> `vectors` float32
[N, T, D]. A file's metadata say whose weights it holds, under `model` and `weights`.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from services.base.errors import VisemillError
from services.features.frames.inception import FrameFeatures
from services.features.ops import INPUT_PX
from services.features.runtimes.torch import loaded_network
from services.features.spec import FeaturesConfig
from services.features.speech.semantic import EncoderShape, seeded_encoder

OPSET = 18
FRAMES, FEATURES = "frames", "features"
SEQUENCES, LENGTHS, VECTORS = "sequences", "lengths", "vectors"


def export_inception(config: FeaturesConfig, path: Path, *, any_size: bool = False) -> str:
    """Writes the network of a config, answers how it got its weights. Raises BadConfig as `load_weights` does."""
    network, weights = loaded_network(config)
    num = torch.export.Dim("num_frames")
    dynamic: dict[int, Any] = {0: num}
    if any_size:
        dynamic |= {1: torch.export.Dim("height"), 2: torch.export.Dim("width")}
    side = (360, 480) if any_size else (INPUT_PX, INPUT_PX)
    example = torch.zeros((2, *side, 3), dtype=torch.uint8)
    model = FrameFeatures(network, any_size=any_size)
    _export(model, (example,), path, [FRAMES], [FEATURES], (dynamic,), {"model": config.model, "weights": weights})
    return weights


def export_semantic(path: Path, seed: int = 0, shape: EncoderShape | None = None) -> str:
    """Writes the seeded encoder, answers how it got its weights."""
    encoder = seeded_encoder(seed, shape)
    num, time = torch.export.Dim("num_sequences"), torch.export.Dim("num_steps")
    example = (torch.zeros((2, 7, encoder.shape.channels_in)), torch.tensor([7, 5]))
    weights = f"seeded:{seed}"
    facts = {"model": "semantic", "weights": weights}
    _export(encoder, example, path, [SEQUENCES, LENGTHS], [VECTORS], ({0: num, 1: time}, {0: num}), facts)
    return weights


def _export(
    model: nn.Module,
    example: tuple[torch.Tensor, ...],
    path: Path,
    inputs: list[str],
    outputs: list[str],
    dynamic: tuple[Mapping[int, Any], ...],
    facts: Mapping[str, str],
) -> None:
    """Writes one file, whole or not at all; the same graph for the same network."""
    # It misses torchvision, whose operators no network here has.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model.eval(),
            example,
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=dynamic,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    proto = program.model_proto
    for part in (*proto.graph.node, *proto.graph.value_info, *proto.graph.input, *proto.graph.output):
        # The exporter notes where in which file of this machine it found a layer.
        del part.metadata_props[:]
    del proto.metadata_props[:], proto.graph.metadata_props[:]
    onnx.helper.set_model_props(proto, dict(facts))
    onnx.checker.check_model(proto)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(proto.SerializeToString(deterministic=True))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Writes one network to a file and prints its weights' name."""
    parser = argparse.ArgumentParser(prog="python -m services.features.runtimes.export", description=main.__doc__)
    parser.add_argument("network", choices=["inception_v3", "semantic"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--weights", default="", help="inception_v3 only: file of trained weights; empty: seeded ones")
    parser.add_argument("--weights-sha256", default="", help="what the file must be")
    parser.add_argument("--seed", type=int, default=0, help="of random weights (default: %(default)s)")
    parser.add_argument("--any-size", action="store_true", help="inception_v3 only: stretch frames inside")
    flags = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING)
    try:
        if flags.network == "semantic":
            weights = export_semantic(flags.file, flags.seed)
        else:
            config = FeaturesConfig(weights=flags.weights, weights_sha256=flags.weights_sha256, seed=flags.seed)
            weights = export_inception(config, flags.file, any_size=flags.any_size)
    except VisemillError as error:
        sys.stderr.write(f"{error}\n{error.detail}\n" if error.detail else f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{flags.file}\t{weights}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
