"""Networks as ONNX files: `python -m services.features.runtimes.export NETWORK FILE`.

Inputs and outputs are those of the network's entry in the table (services.features.networks); all preprocessing is in
the graph. inception_v3 may take frames of any size with --any-size. A file's metadata say whose weights it holds, under
`model` and `weights`.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from services.base.errors import VisemillError
from services.features.frames.inception import FrameFeatures, InceptionV3
from services.features.networks import NETWORKS, Array, is_time, network_named
from services.features.runtimes.torch import graph_of, loaded_network
from services.features.spec import FeaturesConfig

OPSET = 18
# Protobuf holds less than 2 GiB: the tensors of a larger network lie in a file beside, which its file names.
DATA_SUFFIX = ".data"
MOST_INSIDE_BYTES = 1 << 31
# Tensors of fewer bytes stay inside, whose values the exporter's optimizer looks at.
_MIN_OUTSIDE_BYTES = 1024


def export_network(
    config: FeaturesConfig, path: Path, *, any_size: bool = False, most_inside_bytes: int = MOST_INSIDE_BYTES
) -> str:
    """Writes the network of a config, answers how it got its weights. Raises BadConfig as `load_weights` does.

    any_size: frames of any size, which are stretched inside, for a graph that has the choice.
    most_inside_bytes: a network of so many bytes or more is written in two files, the second one `path` with ".data".
    """
    entry = network_named(config.model)
    module, weights = loaded_network(config)
    graph = graph_of(entry, module)
    if any_size and isinstance(module, InceptionV3):
        graph = FrameFeatures(module)
    facts = {"model": config.model, "weights": weights}
    export_graph(
        graph, entry.inputs, entry.outputs, path, facts, any_size=any_size, most_inside_bytes=most_inside_bytes
    )
    return weights


def _example(array: Array, *, any_size: bool) -> torch.Tensor:
    """An input of two items, the longer one of 7 steps."""
    if array.dtype == "int64":
        return torch.tensor([7, 5])
    sizes = [7 if is_time(size) else int(size) for size in array.shape[1:]]
    if any_size:
        sizes[:2] = [360, 480]
    return torch.zeros((2, *sizes), dtype=getattr(torch, array.dtype))


def _dynamic(array: Array, dims: Mapping[str, Any], *, any_size: bool) -> dict[int, Any]:
    sizes = {0: dims["num_items"]} | ({1: dims["num_steps"]} if array.has_time else {})
    return sizes | ({1: dims["height"], 2: dims["width"]} if any_size else {})


def export_graph(
    model: nn.Module,
    inputs: Sequence[Array],
    outputs: Sequence[Array],
    path: Path,
    facts: Mapping[str, str],
    *,
    any_size: bool = False,
    least_steps: int = 0,
    most_inside_bytes: int = MOST_INSIDE_BYTES,
) -> None:
    """Writes one file (and its data beside it), whole or not at all; the same graph for the same network.

    facts: what its metadata say. least_steps: of a sequence, where the exporter must know of some; the file takes
    shorter ones all the same. any_size, most_inside_bytes: as of `export_network`.
    """
    dims = {name: torch.export.Dim(name) for name in ("num_items", "height", "width")}
    dims["num_steps"] = torch.export.Dim("num_steps", min=least_steps)
    # It misses torchvision, whose operators no network here has.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model.eval(),
            tuple(_example(array, any_size=any_size) for array in inputs),
            input_names=[array.name for array in inputs],
            output_names=[array.name for array in outputs],
            dynamic_shapes=tuple(_dynamic(array, dims, any_size=any_size) for array in inputs),
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
    _write(proto, path, most_inside_bytes)


def _write(proto: onnx.ModelProto, path: Path, most_inside_bytes: int) -> None:
    data = path.with_name(path.name + DATA_SUFFIX)
    is_split = sum(len(tensor.raw_data) for tensor in proto.graph.initializer) >= most_inside_bytes
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
        made = Path(scratch) / path.name
        if is_split:
            onnx.save_model(
                proto,
                str(made),
                save_as_external_data=True,
                location=data.name,
                size_threshold=_MIN_OUTSIDE_BYTES,
            )
            onnx.checker.check_model(str(made))
            (Path(scratch) / data.name).replace(data)
        else:
            onnx.checker.check_model(proto)
            made.write_bytes(proto.SerializeToString(deterministic=True))
            data.unlink(missing_ok=True)
        made.replace(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Writes one network to a file and prints its weights' name."""
    parser = argparse.ArgumentParser(prog="python -m services.features.runtimes.export", description=main.__doc__)
    parser.add_argument("network", choices=list(NETWORKS))
    parser.add_argument("file", type=Path)
    parser.add_argument("--weights", default="", help="file of trained weights; empty: seeded ones")
    parser.add_argument("--weights-sha256", default="", help="what the file must be")
    parser.add_argument("--seed", type=int, default=0, help="of random weights (default: %(default)s)")
    parser.add_argument("--any-size", action="store_true", help="inception_v3 only: stretch frames inside")
    flags = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING)
    try:
        config = FeaturesConfig(
            model=flags.network, weights=flags.weights, weights_sha256=flags.weights_sha256, seed=flags.seed
        )
        weights = export_network(config, flags.file, any_size=flags.any_size)
    except VisemillError as error:
        sys.stderr.write(f"{error}\n{error.detail}\n" if error.detail else f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{flags.file}\t{weights}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
