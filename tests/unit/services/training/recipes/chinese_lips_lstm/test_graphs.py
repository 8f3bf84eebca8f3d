"""The graphs give what the model gives, in batches and alone, for lengths other than the exported ones."""

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

from services.base.errors import VisemillError  # noqa: E402
from services.training.lipreading.tokenizer import tokenizer_of  # noqa: E402
from services.training.recipes.chinese_lips_lstm import graphs  # noqa: E402
from services.training.recipes.chinese_lips_lstm.reader import Reader  # noqa: E402
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig  # noqa: E402


def model_of(seed: int = 1, *, pad_mask: bool = True) -> graphs.AttentionLipreader:
    config = ChineseLipsConfig(
        hidden_dim=16, num_heads=2, num_lstm_layers=1, frame_height=32, frame_width=32, pad_mask=pad_mask, dropout=0.0
    )
    return Reader(config, tokenizer_of(["文字说"])).network(seed).eval()


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "_COMPARED", ((5,), (12, 31), (3, 20, 9, 14)))


@pytest.mark.parametrize("pad_mask", [True, False])
def test_an_encoder_and_a_step_are_the_model(pad_mask: bool) -> None:
    files, worst = graphs.attention_graphs(model_of(pad_mask=pad_mask), 32, 32)
    assert list(files) == ["model", "decoder"]
    assert worst < 1e-4
    sizes = [
        [dim.dim_param for dim in out.type.tensor_type.shape.dim]
        for out in onnx.load_from_string(files["model"]).graph.output
    ]
    assert sizes[0][:2] == ["batch", "frames"], "no axis is frozen"


def test_the_network_in_one_file_is_the_model() -> None:
    data, worst = graphs.forced_graph(model_of(), 32, 32)
    assert worst < 1e-4
    assert [one.name for one in onnx.load_from_string(data).graph.input] == ["video", "lengths", "ids"]


def test_other_weights_are_told_apart() -> None:
    files, _ = graphs.attention_graphs(model_of(), 32, 32)
    with pytest.raises(VisemillError, match="EXPORT_DIFFERS"):
        graphs._worst(files["model"], files["decoder"], _louder(model_of(2)), 32, 32)


def _louder(model: graphs.AttentionLipreader) -> graphs.AttentionLipreader:
    with torch.no_grad():
        model.decoder.fc.weight *= 10
    return model


def test_colours_become_grey_as_pictures_that_were_learnt_from() -> None:
    frames_THWC = np.random.default_rng(1).integers(0, 256, (3, 8, 8, 3), np.uint8)
    grey_THW = graphs._grey(frames_THWC)
    assert grey_THW.dtype == np.uint8
    assert np.abs(grey_THW - frames_THWC @ np.array([0.299, 0.587, 0.114])).max() <= 0.51
