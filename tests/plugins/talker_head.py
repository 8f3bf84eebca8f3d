"""A head that paints a face half as bright as it is, and brighter the louder its sound; and a person, for tests."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from services.formats.talker.consent import KEPT_FILE
from services.formats.talker.head import CARD_FILE, FACES, MODEL_FILE, PAINTED, REFERENCES, SOUNDS, HeadCard, card_file

NUM_FRAMES = 12


def write_head(folder: Path, asr: str = "mel", share: float = 0.125) -> Path:
    """A bundle of 160 px, with the consent of `ada`. share: of the mean of its sound that it is brighter by."""
    folder.mkdir(parents=True)
    picture = ("B", 160, 160, 3)
    made = {"scale": 0.5 / 255, "share": share, "middle": 0.5, "least": 0.0, "most": 1.0}
    constants = [numpy_helper.from_array(np.float32(value), name) for name, value in made.items()]
    constants.append(numpy_helper.from_array(np.array([1, 2, 3]), "axes"))
    nodes = [
        helper.make_node("Cast", [FACES], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Cast", [REFERENCES], ["others"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["pixels", "others"], ["nothing"]),
        helper.make_node("Mul", ["pixels", "scale"], ["half"]),
        helper.make_node("Add", ["half", "nothing"], ["darker"]),
        helper.make_node("ReduceMean", [SOUNDS, "axes"], ["loudness"], keepdims=1),
        helper.make_node("Mul", ["loudness", "share"], ["light"]),
        helper.make_node("Add", ["light", "middle"], ["lighter"]),
        helper.make_node("Mul", ["lighter", "darker"], ["made"]),
        helper.make_node("Clip", ["made", "least", "most"], [PAINTED]),
    ]
    graph = helper.make_graph(
        nodes,
        "head",
        [
            helper.make_tensor_value_info(REFERENCES, TensorProto.UINT8, picture),
            helper.make_tensor_value_info(FACES, TensorProto.UINT8, picture),
            helper.make_tensor_value_info(SOUNDS, TensorProto.FLOAT, ("B", 32, 16, 16)),
        ],
        [helper.make_tensor_value_info(PAINTED, TensorProto.FLOAT, picture)],
        constants,
    )
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()
    onnx.checker.check_model(data)
    digests = {"model": hashlib.sha256(data).hexdigest(), "checkpoint": "0" * 64}
    (folder / MODEL_FILE).write_bytes(data)
    (folder / KEPT_FILE).write_text('{"who": ["ada"], "what_for": "a test", "when": "2026-01-02"}')
    (folder / CARD_FILE).write_bytes(card_file(HeadCard("talker-unet", asr, "160", 0.25, digests)))
    return folder


def write_person(folder: Path) -> Path:
    """Pictures of 128 x 96 px, each of its own, in the layout of the original's code; number 5 has no face."""
    (folder / "full_body_img").mkdir(parents=True)
    (folder / "landmarks").mkdir()
    points = np.zeros((110, 2), int)
    points[1], points[31], points[52] = (20, 40), (100, 40), (60, 10)
    for i in range(NUM_FRAMES):
        frame = np.random.default_rng(i).integers(60, 200, (12, 16, 3)).astype(np.uint8)
        picture = cv2.resize(frame, (128, 96), interpolation=cv2.INTER_NEAREST)
        (folder / "full_body_img" / f"{i}.png").write_bytes(bytes(cv2.imencode(".png", picture)[1]))
        (folder / "landmarks" / f"{i}.lms").write_text("".join(f"{x} {y}\n" for x, y in points * (i != 5)))
    return folder
