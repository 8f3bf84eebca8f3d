"""Painted faces are put back into their frames, and other networks are asked about them."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from onnx_judges import inception_file, points_file  # noqa: E402

from services.lips.talker_crop import CropBox, crop  # noqa: E402
from services.training.data.talker.person import Person  # noqa: E402
from services.training.data.talker.sync_data import Held  # noqa: E402
from services.training.data.talker.whole_frame import WholeFrame  # noqa: E402
from services.training.recipes.talker_unet.judged import Nearest, face_sets, mouth_distances, painted_faces  # noqa: E402
from services.training.talker.face_vectors import FaceVectors  # noqa: E402
from services.training.talker.frechet import frechet_distance  # noqa: E402
from services.training.talker.lip_points import LipPoints  # noqa: E402

NUM, BOX = 60, CropBox(16, 16, 168)


def frame(index: int) -> np.ndarray:
    """uint8 [200, 200, 3]: all is as bright as the frame's number says, in waves of 20 frames."""
    return np.full((200, 200, 3), 40 + 8 * (index % 20), np.uint8)


def whole(index: int) -> WholeFrame:
    return WholeFrame(frame(index), BOX, CropBox(0, 0, 200))


def person() -> Person:
    crops, marks = np.stack([crop(frame(i), BOX, 168) for i in range(NUM)]), np.ones(NUM, np.bool_)
    return Person(
        "a", "mel", crops, np.zeros((NUM, 512), np.float32), marks, marks, "a", np.tile([60, 100, 110, 140], (NUM, 1))
    )


class Copies(torch.nn.Module):
    """Paints its reference, with a change."""

    def __init__(self, added: float) -> None:
        super().__init__()
        self.added = torch.nn.Parameter(torch.tensor(added))

    def forward(self, pictures_B6HW: "torch.Tensor", sounds_BCHW: "torch.Tensor") -> "torch.Tensor":
        return pictures_B6HW[:, :3] + self.added


def test_faces_are_painted_in_order_as_pictures() -> None:
    shown = [(person(), i, i + 1) for i in range(18)]
    with torch.inference_mode():
        found = list(painted_faces(Copies(0.2), shown))
    assert [one for one, _ in found] == shown
    assert all((face == 40 + 8 * (r % 20) + 51).all() and face.dtype == np.uint8 for (_, _, r), face in found)


def test_the_nearest_is_alike_at_the_rim_and_no_neighbour() -> None:
    assert {Nearest(person()).to(5), Nearest(person()).to(25)} == {25, 5}


def test_lips_of_what_is_painted_are_compared_beside_those_of_references(tmp_path: Path) -> None:
    points = LipPoints(points_file(tmp_path / "p.onnx"))
    held = Held(person(), tuple(range(10, 20)))
    with torch.inference_mode():
        found = mouth_distances(Copies(0.0), held, 1, whole, points)
        worse = mouth_distances(Copies(0.3), held, 1, whole, points)
    assert found.frames == 10 and found.nearest == pytest.approx(0, abs=1e-6)
    assert found.painted == pytest.approx(found.random, abs=1e-6)
    assert 0 < found.painted < worse.painted


def test_faces_are_looked_at_as_sets_beside_those_that_need_no_network(tmp_path: Path) -> None:
    vectors = FaceVectors(inception_file(tmp_path / "i.onnx"))
    held = [Held(person(), tuple(range(10, 30))), Held(person(), ()), Held(person(), tuple(range(20, 50)))]
    with torch.inference_mode():
        sets = face_sets(Copies(0.0), held, 1, vectors).vectors
        worse = face_sets(Copies(0.3), held, 1, vectors).vectors
    assert {way: len(found) for way, found in sets.items()} == dict.fromkeys(
        ("picture", "painted", "random", "nearest", "mean"), 50
    )
    assert np.allclose(sets["painted"], sets["random"], atol=1e-3)
    far = {way: frechet_distance(found, sets["picture"]) for way, found in sets.items()}
    assert far["picture"] == pytest.approx(0, abs=1e-6)
    # Waves of 20 frames: the nearest is the same frame of another wave. A mean has no spread.
    assert far["nearest"] == pytest.approx(0, abs=1e-6) and far["mean"] > far["random"]
    assert frechet_distance(worse["painted"], sets["picture"]) > far["painted"]
