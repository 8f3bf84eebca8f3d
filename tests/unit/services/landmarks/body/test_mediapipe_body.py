"""What a user's segmenter leaves of a frame, whichever way its masks are meant."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from services.landmarks.body.mediapipe_body import Segmenter

FRAME = np.random.default_rng(0).integers(1, 256, (4, 6, 3), np.uint8)


class FarEnd:
    """MediaPipe's side: a task that answers with these masks."""

    def __init__(self, masks: list[np.ndarray]) -> None:
        self._masks = masks
        image = SimpleNamespace(ImageFormat=SimpleNamespace(SRGB=1))
        self.mp = SimpleNamespace(ImageFormat=image.ImageFormat, Image=lambda **given: given["data"])
        self.vision = SimpleNamespace(ImageSegmenterOptions=dict, ImageSegmenter=object)

    def options_type(self, **given: Any) -> dict[str, Any]:
        return given

    def create(self, kind: Any, options: Any, model: Path) -> Any:
        masks = [SimpleNamespace(numpy_view=lambda mask=mask: mask) for mask in self._masks]
        return SimpleNamespace(segment=lambda frame: SimpleNamespace(confidence_masks=masks))


@pytest.fixture
def person() -> np.ndarray:
    confidence = np.full((4, 6), 0.1, np.float32)
    confidence[1:3, 2:5] = 0.9
    return confidence


def segmented(tmp_path: Path, masks: list[np.ndarray]) -> np.ndarray:
    (tmp_path / "mine.tflite").write_bytes(b"weights")
    return Segmenter(FarEnd(masks), tmp_path / "mine.tflite")(FRAME)  # type: ignore[arg-type]


def test_one_mask_is_the_person(tmp_path, person):
    out = segmented(tmp_path, [person[:, :, None]])
    assert (out[1:3, 2:5] == FRAME[1:3, 2:5]).all()
    assert np.count_nonzero(out.any(axis=2)) == 6
    assert out.dtype == np.uint8


def test_of_several_masks_the_first_is_the_background(tmp_path, person):
    several = segmented(tmp_path, [1 - person, person / 2, person / 2])
    assert (several == segmented(tmp_path, [person])).all()
