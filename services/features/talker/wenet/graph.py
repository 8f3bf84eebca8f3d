"""WeNet's encoder as a network of windows: one input, batches of any size, each window a chunk of its own.

The file's graph takes one chunk, with an offset and caches that never change here: it becomes the body of a Scan over
the windows of a batch, with those inputs as constants. Its weights and operators stay what they were.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from services.base.errors import BadConfig
from services.features.talker.wenet.encoder import CHUNK, FIXED, STATES, WINDOWS

_ROW = "wenet_window"


def write_graph(encoder: Path, path: Path, weights: str) -> None:
    """Writes the network of windows. weights: what its metadata say of them. Raises BadConfig MODEL_UNREADABLE."""
    try:
        model = onnx.load(str(encoder))
    except Exception as error:  # protobuf's and onnx's classes have no common base but Exception
        raise BadConfig("MODEL_UNREADABLE", f"{encoder} is no whole ONNX file: copy it again", str(error)) from error
    body = model.graph
    answer = body.output[0].name
    constants = [
        *(numpy_helper.from_array(array, name) for name, array in FIXED.items()),
        numpy_helper.from_array(np.array([1, *WINDOWS.shape[1:]], np.int64), f"{_ROW}_chunk"),
        numpy_helper.from_array(np.array(STATES.shape[1:], np.int64), f"{_ROW}_states"),
    ]
    before = helper.make_node("Reshape", [_ROW, f"{_ROW}_chunk"], [CHUNK])
    after = helper.make_node("Reshape", [answer, f"{_ROW}_states"], [f"{_ROW}_answer"])
    del body.input[:], body.output[:]
    body.input.append(helper.make_tensor_value_info(_ROW, TensorProto.FLOAT, WINDOWS.shape[1:]))
    body.output.append(helper.make_tensor_value_info(f"{_ROW}_answer", TensorProto.FLOAT, STATES.shape[1:]))
    body.initializer.extend(constants)
    nodes = list(body.node)
    del body.node[:]
    body.node.extend([before, *nodes, after])
    scan = helper.make_node("Scan", [WINDOWS.name], [STATES.name], body=body, num_scan_inputs=1)
    graph = helper.make_graph(
        [scan],
        "windows",
        [helper.make_tensor_value_info(WINDOWS.name, TensorProto.FLOAT, list(WINDOWS.shape))],
        [helper.make_tensor_value_info(STATES.name, TensorProto.FLOAT, list(STATES.shape))],
    )
    made = helper.make_model(
        graph, opset_imports=model.opset_import, ir_version=model.ir_version, functions=model.functions
    )
    helper.set_model_props(made, {"model": "wenet", "weights": weights})
    path.write_bytes(made.SerializeToString(deterministic=True))
