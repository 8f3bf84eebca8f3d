"""Windows of the filterbank go through the encoder one by one, at a distance that the rate of the pictures decides."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from services.base.errors import BadConfig
from services.features.speech.filterbank import Filterbank
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.wenet import extractor
from services.features.talker.wenet.extractor import num_windows, open_wenet


def _encoder(folder: Path, chunk: str = "chunk") -> AudioFeaturesConfig:
    """An encoder of the real one's inputs and outputs, whose 16 states are the first 16 frames of the window, the
    80 bins first; the offset and the caches are added.
    """
    inputs = [
        helper.make_tensor_value_info(chunk, TensorProto.FLOAT, [1, 1, 67, 80]),
        helper.make_tensor_value_info("offset", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("att_cache", TensorProto.FLOAT, [3, 8, 16, 128]),
        helper.make_tensor_value_info("cnn_cache", TensorProto.FLOAT, [3, 1, 512, 14]),
    ]
    numbers = {"begin": [0, 0], "end": [1, 16], "axes": [1, 2], "pads": [0, 0, 0, 0, 0, 432], "row": [1, 16, 80]}
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
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 16, 512])]
    model = helper.make_model(
        helper.make_graph(nodes, "encoder", inputs, outputs, initial), opset_imports=[helper.make_opsetid("", 18)]
    )
    model.ir_version = 9
    onnx.save(model, str(folder / "encoder.onnx"))
    return AudioFeaturesConfig(model="wenet", weights=str(folder))


def _sound(num_samples: int) -> np.ndarray:
    return np.random.default_rng(6).normal(0, 2_000, num_samples).astype(np.int16)


def _frames(samples_T: np.ndarray) -> np.ndarray:
    silent_T = np.concatenate([np.zeros(32 * 160), samples_T, np.zeros(35 * 160)])
    return Filterbank().log_bins((silent_T / 32_768).astype(np.float32))


@pytest.mark.parametrize(("fps", "hop", "num_rows"), [(25.0, 4, 51), (20.0, 5, 41)])
@pytest.mark.parametrize("piece", [2_000, 70])
def test_a_row_hears_its_window_and_there_is_one_for_every_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fps: float, hop: int, num_rows: int, piece: int
) -> None:
    monkeypatch.setattr(extractor, "_PIECE_FRAMES", piece)
    rows = open_wenet(_encoder(tmp_path))(_sound(32_000), fps, "one")
    assert (rows.vectors_TX.shape, rows.facts) == ((num_rows, 16, 512), {"hop": hop})
    frames_TB = _frames(_sound(32_000))
    for row in (0, 7, 30):
        np.testing.assert_allclose(
            rows.vectors_TX[row, :, :80] - 100, frames_TB[row * hop : row * hop + 16], rtol=0, atol=2e-5
        )
    assert (rows.vectors_TX[:, :, 80:] == 100).all(), "the offset is 100 and the caches are zeros"


@pytest.mark.parametrize(("num_frames", "hop", "windows"), [(10, 4, 1), (67, 4, 1), (68, 4, 2), (71, 4, 2), (72, 4, 3)])
def test_windows_go_on_until_one_reaches_the_end(num_frames: int, hop: int, windows: int) -> None:
    assert num_windows(num_frames, hop) == windows


def test_one_frame_of_sound_is_filled_up(tmp_path: Path) -> None:
    assert open_wenet(_encoder(tmp_path))(_sound(640), 25.0, "one").vectors_TX.shape == (2, 16, 512)


@pytest.mark.parametrize("fps", [30.0, 23.976])
def test_pictures_that_do_not_divide_the_frames_are_refused(tmp_path: Path, fps: float) -> None:
    with pytest.raises(BadConfig, match="take --fps 25 or 20"):
        open_wenet(_encoder(tmp_path))(_sound(3_200), fps, "one")


def test_another_graph_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="and the encoder takes chunk, offset, att_cache, cnn_cache"):
        open_wenet(_encoder(tmp_path, "speech"))
    (tmp_path / "encoder.onnx").write_bytes(b"no graph")
    config = AudioFeaturesConfig(model="wenet", weights=str(tmp_path))
    with pytest.raises(BadConfig, match=r"no ONNX file that onnxruntime [\d.]+ loads: copy it again"):
        open_wenet(config)
