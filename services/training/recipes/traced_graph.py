"""A trained network as an ONNX file, by torch's exporter of traces (dynamo=False): the newer one declares the time axis
behind a BiLSTM frozen.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Mapping

import onnx
import torch
from torch import Tensor, nn

OPSET = 17
TOLERANCE = 1e-4
"""Greatest difference that a graph may have from its network."""


def traced(
    graph: nn.Module, example: tuple[Tensor, ...], axes: Mapping[str, Mapping[int, str]], *, num_inputs: int
) -> bytes:
    """The ONNX file of a module in eval mode. axes: names of its inputs, num_inputs of them, and of its outputs, in
    order -> those of their axes that may have any size.
    """
    buffer, names = io.BytesIO(), list(axes)
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        # Of traces, and of the batch of an LSTM: both are what comparisons are for.
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                graph,
                example,
                buffer,
                input_names=names[:num_inputs],
                output_names=names[num_inputs:],
                dynamic_axes={name: dict(one) for name, one in axes.items()},
                opset_version=OPSET,
                dynamo=False,
            )
    finally:
        quiet.setLevel(level)
    onnx.checker.check_model(onnx.load_from_string(buffer.getvalue()))
    return buffer.getvalue()
