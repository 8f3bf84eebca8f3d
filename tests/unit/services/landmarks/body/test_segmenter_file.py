"""Files that cannot be a person segmenter are told by their structure, before any detector opens them."""

import zipfile
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.landmarks.body.segmenter_file import check_segmenter

IMAGE, MASK = (1, 256, 256, 3), (1, 256, 256, 1)
PARTS = ("hand_landmarker.task", "pose_landmarker_full.task", "face_landmarker.task")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine.tflite"


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ([IMAGE], [MASK]),
        ([(1, 512, 512, 4)], [(1, 512, 512, 2)]),
        ([(1, -1, -1, 3)], [(1, -1, -1, 6), (1, 6)]),
    ],
)
def test_a_network_that_gives_a_mask_of_an_image_is_taken(path: Path, tflite_model, inputs, outputs) -> None:
    path.write_bytes(tflite_model(inputs, outputs))
    check_segmenter(path)
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("segmenter.tflite", tflite_model(inputs, outputs))
    check_segmenter(path)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ([IMAGE], [(1, 896, 16), (1, 896, 1)]),
        ([IMAGE], [(1, 1, 1, 1434), (1, 1)]),
        ([(1, 146, 2)], [(52,)]),
        ([IMAGE, IMAGE], [MASK]),
        ([IMAGE], [(1, 195), (1, 1), MASK]),
    ],
)
def test_another_network_is_refused_with_what_it_takes_and_gives(path: Path, tflite_model, inputs, outputs) -> None:
    path.write_bytes(tflite_model(inputs, outputs))
    with pytest.raises(BadConfig, match=r"MODEL_OF_ANOTHER_KIND: --segmenter .* takes .* and gives .*no mask"):
        check_segmenter(path)


@pytest.mark.parametrize("left", [0, 4, 8, 20, 100, -200, -20])
def test_one_that_was_cut_off_is_refused(path: Path, tflite_model, left: int) -> None:
    path.write_bytes(tflite_model(weights=b"w" * 5000)[:left])
    with pytest.raises(BadConfig, match=r"MODEL_UNREADABLE: --segmenter .*no whole \.tflite model"):
        check_segmenter(path)


@pytest.mark.parametrize("data", [b"mine", b"PK", b"\0\0\0\0TFL3", b"\xff\xff\xff\xffTFL3" + b"\xff" * 99])
def test_what_is_no_model_is_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(BadConfig, match="MODEL_UNREADABLE"):
        check_segmenter(path)


def test_no_model_in_a_bundle_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("readme", "none")
    with pytest.raises(BadConfig, match=r"MODEL_UNREADABLE.*holds no \.tflite"):
        check_segmenter(path)


@pytest.mark.parametrize("name", PARTS)
def test_the_landmarkers_are_told_from_a_segmenter_whole_and_cut_off(path: Path, name: str) -> None:
    from services.landmarks.models import find

    found = find(name)
    if found is None:
        pytest.skip(f"no {name} here")
    with zipfile.ZipFile(found) as bundle:
        models = [bundle.read(part) for part in bundle.namelist() if part.endswith(".tflite")]
    for model in models:
        path.write_bytes(model)
        with pytest.raises(BadConfig, match="MODEL_OF_ANOTHER_KIND"):
            check_segmenter(path)
        path.write_bytes(model[: len(model) // 2])
        with pytest.raises(BadConfig, match="MODEL_UNREADABLE"):
            check_segmenter(path)
