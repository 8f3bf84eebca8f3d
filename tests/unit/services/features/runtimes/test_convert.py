"""A checkpoint of PFLD with 110 points becomes a file that landmarks load, or nothing."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from services.base.errors import BadConfig  # noqa: E402
from services.base.media.topology import PFLD_110  # noqa: E402
from services.features.frames.pfld import PfldGhostOne  # noqa: E402
from services.features.runtimes import convert  # noqa: E402
from services.landmarks.face.pfld.boxes import FaceBox  # noqa: E402
from services.landmarks.face.pfld.points import Pfld  # noqa: E402
from services.landmarks.face.pfld.sessions import planes  # noqa: E402


@pytest.fixture(scope="module")
def tensors() -> Mapping[str, Any]:
    """Of a network with random numbers, by name, as a checkpoint holds them."""
    torch.manual_seed(0)
    return PfldGhostOne().state_dict()


def saved(tmp_path: Path, what: Any, name: str = "checkpoint.pth.tar") -> Path:
    torch.save(what, tmp_path / name)
    return tmp_path / name


def test_a_checkpoint_becomes_a_file_that_the_backend_loads(
    tensors: Mapping[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = saved(tmp_path, {"epoch": 335, "pfld_backbone": dict(tensors)})
    made = tmp_path / "pfld_110.onnx"
    assert convert.main(["pfld-110", str(checkpoint), "--out", str(made)]) == 0
    said = capsys.readouterr().out
    assert "max_difference_of_range: " in said
    assert "num_parameters: 314780" in said
    frame = np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    look = Pfld(made, PFLD_110, "")(frame, FaceBox(100, 60, 200, 160, 0.9))
    assert look is not None
    network = convert.PointsOfSquare(convert.read_checkpoint(checkpoint)).eval()
    square = cv2.resize(frame[57:162, 97:202], (192, 192))[:, :, ::-1]
    with torch.no_grad():
        expected = network(torch.from_numpy(planes(square) / np.float32(255))).numpy().reshape(-1, 2) * 105 + [97, 57]
    np.testing.assert_allclose(look.points_NC, expected, atol=1e-5 * np.ptp(expected))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pth.tar", "pfld_110.onnx"]


class Harm:
    def __reduce__(self) -> Any:
        return (print, ("harm",))


def test_what_is_no_such_checkpoint_is_refused_and_nothing_is_written(
    tensors: Mapping[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = next(iter(tensors))
    (tmp_path / "harm.pth").write_bytes(pickle.dumps(Harm()))
    for what, says in (
        ({"pfld_backbone": {}}, f"OTHER_NETWORK.*tensor {first} .* is missing"),
        ([1], f"OTHER_NETWORK.*tensor {first} .* is missing"),
        ({"pfld_backbone": {**tensors, first: torch.zeros(3)}}, "is .3., not .32, 3, 3, 3."),
        ({"pfld_backbone": {**tensors, "more": torch.zeros(3)}}, "tensor more is none of its"),
        ({**tensors, first: tensors[first] * torch.nan}, "not finite"),
    ):
        with pytest.raises(BadConfig, match=says):
            convert.convert(saved(tmp_path, what), tmp_path / "made.onnx")
    for file in (tmp_path / "harm.pth", tmp_path / "none.pth"):
        with pytest.raises(BadConfig, match="CHECKPOINT_UNREADABLE"):
            convert.convert(file, tmp_path / "made.onnx")
    assert "harm" not in capsys.readouterr().out
    assert not (tmp_path / "made.onnx").exists()
