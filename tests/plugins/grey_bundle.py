"""A bundle whose network knows a mouth by its grey."""

import dataclasses
import hashlib
import json
from pathlib import Path

import onnx

from services.geometry.mouth_window import profile_named
from services.lips.bundle import BundleCard, card_file

MOUTH = profile_named("fixed-scale")


def network() -> bytes:
    """Ln of probabilities of (a, b, blank) at each frame: a where its mean is over 200, b where below 50."""
    helper, kinds = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node("Cast", ["frames"], ["values"], to=kinds.FLOAT),
        helper.make_node("ReduceMean", ["values"], ["mean"], axes=[2, 3, 4], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "last"], ["column"]),
        helper.make_node("Mul", ["column", "slope"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["logits"]),
        helper.make_node("LogSoftmax", ["logits"], ["log_probs"], axis=-1),
    ]
    constants = [
        helper.make_tensor("last", kinds.INT64, [1], [2]),
        helper.make_tensor("slope", kinds.FLOAT, [3], [0.1, -0.1, 0.0]),
        helper.make_tensor("offset", kinds.FLOAT, [3], [-20.0, 5.0, 0.0]),
    ]
    graph = helper.make_graph(
        nodes,
        "grey",
        [
            helper.make_tensor_value_info("frames", kinds.UINT8, ["b", "t", 50, 100, 3]),
            helper.make_tensor_value_info("lengths", kinds.INT64, ["b"]),
        ],
        [helper.make_tensor_value_info("log_probs", kinds.FLOAT, ["b", "t", 3])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def write_bundle(folder: Path) -> Path:
    """Reads a in bright frames, b in dark ones, of mouths of 100x50 px at 25 a second."""
    tokenizer = json.dumps({"idx2char": {"0": "a", "1": "b", "2": "<blank>"}}).encode()
    files = {"model.onnx": network(), "tokenizer.json": tokenizer}
    digests = {name.partition(".")[0]: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    card = BundleCard("grid-ctc", {}, digests, dataclasses.asdict(MOUTH), 50, 100, 25.0, 1, "in the graph")
    for name, data in {**files, "card.json": card_file(card)}.items():
        (folder / name).write_bytes(data)
    return folder
