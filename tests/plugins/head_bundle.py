"""A bundle of a head that paints each face as bright as its sound says, and a person's folder of flat frames."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from services.formats.talker.head import CARD_FILE, MODEL_FILE, HeadCard, card_file
from services.formats.talker.landmark_pickle import encode_landmarks


def write_bundle(folder: Path, **card: object) -> Path:
    """Painted = mean of the sound's window, everywhere; at 160 px, of mel."""
    face, batch = ["b", 160, 160, 3], "b"
    nodes = [
        helper.make_node("ReduceMean", ["sounds"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Cast", ["faces"], ["as_floats"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["references"], ["others"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["as_floats", "others"], ["sum"]),
        helper.make_node("Mul", ["sum", "nothing"], ["black"]),
        helper.make_node("Add", ["black", "mean"], ["painted"]),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.UINT8, face) for name in ("references", "faces")]
    inputs.append(helper.make_tensor_value_info("sounds", TensorProto.FLOAT, [batch, 32, 16, 16]))
    outputs = [helper.make_tensor_value_info("painted", TensorProto.FLOAT, face)]
    zero = numpy_helper.from_array(np.zeros((), np.float32), "nothing")
    graph = helper.make_graph(nodes, "head", inputs, outputs, [zero])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    folder.mkdir(parents=True)
    (folder / MODEL_FILE).write_bytes(data)
    digests = {"model": hashlib.sha256(data).hexdigest(), "checkpoint": "0" * 64}
    fields = {"recipe": "talker-unet", "asr": "mel", "resolution": "160", "width": 1.0, "digests": digests, **card}
    (folder / CARD_FILE).write_bytes(card_file(HeadCard(**fields)))
    return folder


def write_person(folder: Path, num_frames: int = 6, fps: float = 25.0) -> Path:
    """Frames of 64 x 80 px, of one grey each; the crop is 40 px wide."""
    for part in ("full_body_img", "landmarks"):
        (folder / part).mkdir(parents=True)
    points_NC = np.zeros((110, 2), np.int32)
    points_NC[1], points_NC[31], points_NC[52] = (20, 30), (60, 30), (40, 20)
    for number in range(num_frames):
        frame_HWC = np.full((64, 80, 3), 40 + number, np.uint8)
        (folder / f"full_body_img/{number:06d}.png").write_bytes(cv2.imencode(".png", frame_HWC)[1].tobytes())
        (folder / f"landmarks/{number:06d}.pkl").write_bytes(encode_landmarks(points_NC))
    (folder / ".preprocessing_metadata.json").write_text(json.dumps({"fps": fps}))
    return folder
