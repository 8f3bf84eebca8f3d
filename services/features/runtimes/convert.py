"""`python -m services.features.runtimes.convert pfld-110 FILE --out FILE.onnx`: a checkpoint becomes an ONNX file.

The checkpoint is that of SyncTalk_2D's landmarks (`checkpoint_epoch_335.pth.tar`, tensors under `pfld_backbone`). Only
tensors are read of it. Every tensor must be there; the branches of training become one convolution a block; the mean
face is added in the graph, so that the file gives points over the side of the square that it is shown.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from services.base.errors import EXIT_OK, BadConfig, VisemillError
from services.base.worker.fingerprint import sha256_of
from services.features.frames.mean_face import MEAN_FACE_220
from services.features.frames.pfld import PfldGhostOne, merged_of
from services.features.networks import Array
from services.features.runtimes.export import export_graph

_KEY = "pfld_backbone"
_SIDE_PX = 192
# Of the range of the numbers, which for a trained network is about the side of the square: 192 px.
_MOST_DIFFERENCE = 1e-5


class PointsOfSquare(nn.Module):
    """float32 [N, 3, 192, 192], BGR in 0..1 -> float32 [N, 220], (x, y) of each point over the square's side."""

    def __init__(self, offsets: PfldGhostOne) -> None:
        super().__init__()
        self.offsets = offsets
        self.register_buffer("mean_face", torch.tensor(MEAN_FACE_220), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        points: Tensor = self.offsets(images) + self.mean_face
        return points


def read_checkpoint(path: Path) -> PfldGhostOne:
    """Raises BadConfig CHECKPOINT_UNREADABLE, and OTHER_NETWORK with the first tensor that differs."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise BadConfig(
            "CHECKPOINT_UNREADABLE",
            f"{path} is no file of tensors alone that torch {torch.__version__} reads: give the checkpoint as it was "
            "published; a file that holds code is not opened",
            str(error),
        ) from error
    inner = found.get(_KEY, found) if isinstance(found, Mapping) else {}
    tensors: Mapping[str, Any] = inner if isinstance(inner, Mapping) else {}
    network = PfldGhostOne().eval()
    expected = network.state_dict()
    wrong = _first_wrong(tensors, expected)
    if wrong:
        raise BadConfig("OTHER_NETWORK", f"{path} is no PFLD_GhostOne of 110 points at width 0.5: {wrong}")
    network.load_state_dict(dict(tensors), strict=True)
    return network


def _first_wrong(tensors: Mapping[str, Any], expected: Mapping[str, Tensor]) -> str:
    for name, value in expected.items():
        there = tensors.get(name)
        if not isinstance(there, Tensor):
            return f"tensor {name} {list(value.shape)} is missing"
        if there.shape != value.shape:
            return f"tensor {name} is {list(there.shape)}, not {list(value.shape)}"
        if not torch.isfinite(there.double()).all():
            return f"tensor {name} holds numbers that are not finite"
    more = next((name for name in tensors if name not in expected), "")
    return f"tensor {more} is none of its" if more else ""


def convert(checkpoint: Path, output: Path) -> dict[str, Any]:
    """Writes the ONNX file, whole or not at all. JSON-able facts: digest, largest difference from the checkpoint.

    Raises BadConfig as `read_checkpoint`, and NOT_THE_SAME where the file computes other points than the checkpoint.
    """
    trained = PointsOfSquare(read_checkpoint(checkpoint)).eval()
    merged = PointsOfSquare(merged_of(trained.offsets)).eval()
    inputs = (Array("images", "float32", ("N", 3, _SIDE_PX, _SIDE_PX)),)
    outputs = (Array("points", "float32", ("N", len(MEAN_FACE_220))),)
    facts = {"model": "pfld-110", "weights": f"sha256:{sha256_of(checkpoint)}"}
    part = output.with_name(f".{output.name}.part")
    try:
        export_graph(merged, inputs, outputs, part, facts)
        difference = _difference(trained, part)
        if not difference <= _MOST_DIFFERENCE:
            raise BadConfig(
                "NOT_THE_SAME",
                f"the converted network's points differ from the checkpoint's by {difference:.2g} of their range, "
                f"more than {_MOST_DIFFERENCE:g}: nothing was written; check torch, onnx and onnxruntime",
            )
        part.replace(output)
    except OSError as error:
        raise BadConfig("OUTPUT_UNWRITABLE", f"{output} cannot be written ({error}): name another place") from error
    finally:
        part.unlink(missing_ok=True)
    numbers = sum(value.numel() for value in merged.offsets.parameters())
    return {
        "file": str(output),
        "sha256": sha256_of(output),
        "num_parameters": numbers,
        "max_difference_of_range": difference,
        "checkpoint_sha256": sha256_of(checkpoint),
    }


def _difference(trained: nn.Module, path: Path) -> float:
    """The largest one between the checkpoint by torch and the file by onnxruntime, of the points' range."""
    images = np.random.default_rng(0).random((3, 3, _SIDE_PX, _SIDE_PX), dtype=np.float32)
    images[2] = 0
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"images": images})
    with torch.inference_mode():
        expected = trained(torch.from_numpy(images)).numpy()
    return float(np.abs(found - expected).max() / np.ptp(expected))


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Exit codes are those of services/base/errors.py."""
    parser = argparse.ArgumentParser(prog="python -m services.features.runtimes.convert", description=__doc__)
    parser.add_argument("--output", choices=("text", "json"), default="text", help="form (default: %(default)s)")
    parser.add_argument("network", choices=["pfld-110"])
    parser.add_argument("checkpoint", type=Path, help="file of the checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="ONNX file to write")
    flags = parser.parse_args(argv)
    try:
        facts = convert(flags.checkpoint, flags.out)
    except VisemillError as error:
        fields = {"kind": error.kind, "reason": error.reason, "message": error.message}
        sys.stderr.write(json.dumps(fields) + "\n" if flags.output == "json" else f"{error}\n")
        return error.exit_code
    lines = "".join(f"{name}: {value}\n" for name, value in facts.items())
    sys.stdout.write(json.dumps(facts) + "\n" if flags.output == "json" else lines)
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
