"""A stand-in for WeNet's encoder.onnx, of its inputs and outputs, whose answers are known."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def write_encoder(folder: Path, chunk: str = "chunk", num_states: int = 16) -> str:
    """An encoder of the real one's inputs and outputs, whose 16 states are the first 16 frames of the window, the
    80 bins first; the offset and the caches are added. The folder's name.
    """
    inputs = [
        helper.make_tensor_value_info(chunk, TensorProto.FLOAT, [1, 1, 67, 80]),
        helper.make_tensor_value_info("offset", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("att_cache", TensorProto.FLOAT, [3, 8, 16, 128]),
        helper.make_tensor_value_info("cnn_cache", TensorProto.FLOAT, [3, 1, 512, 14]),
    ]
    numbers = {
        "begin": [0, 0],
        "end": [1, num_states],
        "axes": [1, 2],
        "pads": [0, 0, 0, 0, 0, 432],
        "row": [1, num_states, 80],
    }
    nodes = [
        helper.make_node("Slice", [chunk, "begin", "end", "axes"], ["first"]),
        helper.make_node("Reshape", ["first", "row"], ["frames"]),
        helper.make_node("Pad", ["frames", "pads"], ["states"]),
        helper.make_node("Cast", ["offset"], ["place"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["att_cache"], ["a"], keepdims=0),
        helper.make_node("ReduceSum", ["cnn_cache"], ["c"], keepdims=0),
        helper.make_node("Sum", ["states", "place", "a", "c"], ["y"]),
    ]
    initial = [helper.make_tensor(name, TensorProto.INT64, [len(value)], value) for name, value in numbers.items()]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, num_states, 512])]
    model = helper.make_model(
        helper.make_graph(nodes, "encoder", inputs, outputs, initial), opset_imports=[helper.make_opsetid("", 18)]
    )
    model.ir_version = 9
    onnx.save(model, str(folder / "encoder.onnx"))
    return str(folder)
