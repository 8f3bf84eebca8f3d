"""Networks that judge faces, made for tests: small ONNX files whose answers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def inception_file(
    path: Path, *, model: str = "inception_v3", weights: str = "sha256:" + "5" * 64, side_px: int = 299,
    num_values: int = 2048,
) -> str:  # fmt: skip
    """As InceptionV3's: mean red, green and blue of a picture, 0 to 255, and zeros behind them."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Cast", ["frames"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["levels"], ["means"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["means", "placed"], ["vectors"]),
    ]
    graph = helper.make_graph(
        nodes,
        "inception",
        [helper.make_tensor_value_info("frames", TensorProto.UINT8, ["N", side_px, side_px, 3])],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["N", num_values])],
        [numpy_helper.from_array(np.eye(3, num_values, dtype=np.float32), "placed")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(made, {"model": model, "weights": weights})
    onnx.checker.check_model(made)
    path.write_bytes(made.SerializeToString())
    return str(path)


def points_file(path: Path, num_values: int = 196) -> str:
    """As PFLD's of 98 points, of a square of 16 px: the lips lie as far right and down as the square is bright, the
    outer corners of the eyes at both upper corners, all else in the upper left one.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    of_brightness, always = np.zeros((2, 1, num_values), np.float32)
    of_brightness[0, 2 * 76 : 2 * 96] = 1
    always[0, 2 * 72] = 1
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "of_brightness"], ["moved"]),
        helper.make_node("Add", ["moved", "always"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "points",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, num_values])],
        [numpy_helper.from_array(of_brightness, "of_brightness"), numpy_helper.from_array(always, "always")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return str(path)
