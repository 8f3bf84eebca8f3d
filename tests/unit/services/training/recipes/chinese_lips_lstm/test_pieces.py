"""What the settings make of a data set: rates, teacher forcing, notes, files."""

from pathlib import Path

import pytest
from lips_data import LipsExample, write_lips

torch = pytest.importorskip("torch")

from services.training.data.lips.chinese_lips import LipsData  # noqa: E402
from services.training.interfaces import Pieces  # noqa: E402
from services.training.recipes.chinese_lips_lstm.pieces import chinese_lips, rate  # noqa: E402
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig  # noqa: E402
from services.training.recipes.lips.opening import open_data, training_tokenizer  # noqa: E402

TRAIN = [LipsExample(f"{i}_20_M_KJ_000", text) for i, text in enumerate(("文字说", "说文", "字字文说", "文"))]


def made(root: Path, **settings: object) -> tuple[LipsData, Pieces]:
    write_lips(root, {"train": TRAIN, "valid": [LipsExample("9_20_M_KJ_000", "文新")]})
    config = ChineseLipsConfig(data_root=str(root), frame_height=32, frame_width=32, **settings)  # type: ignore[arg-type]
    data = open_data(config, str(root / "state"))
    return data, chinese_lips(config, data, training_tokenizer(data))


@pytest.mark.parametrize(
    ("settings", "factors"),
    [
        ({}, {0.0: 0.0, 0.05: 0.5, 0.1: 1.0, 0.55: 0.5, 0.9999: 0.0}),
        ({"warmup": "constant"}, {0.0: 1.0, 0.05: 1.0, 0.1: 1.0, 0.55: 0.5, 0.551: 0.5}),
        ({"warmup": "constant", "scheduler_type": "plateau"}, {0.0: 1.0, 0.9: 1.0}),
        ({"scheduler_type": "plateau"}, {0.05: 0.5, 0.9: 1.0}),
    ],
)
def test_the_learning_rate_has_a_course(settings: dict[str, str], factors: dict[float, float]) -> None:
    config = ChineseLipsConfig(num_epochs=100, warmup_epochs=10, **settings)  # type: ignore[arg-type]
    found = {share: rate(config, share, [3.0, 2.0]) for share in factors}
    assert found == pytest.approx(factors, abs=1e-3)


def test_a_plateau_halves_it() -> None:
    config = ChineseLipsConfig(scheduler_type="plateau", warmup_epochs=0)
    assert rate(config, 0.5, [1.0] * 8) == 0.5


def test_batches_tell_how_much_is_forced_in_their_epoch(tmp_path: Path) -> None:
    _, pieces = made(tmp_path)
    assert pieces.train_at is not None
    assert [pieces.train_at(1, epoch, 0.1).read([0], "")["forcing"] for epoch in (0, 2, 30)] == [1.0, 0.9, 0.5]


def test_what_is_cut_and_what_cannot_be_read_is_noted(tmp_path: Path) -> None:
    _, pieces = made(tmp_path, max_frames=10)
    told = "\n".join(pieces.notes)
    assert "50.0% of the training clips are longer than 10 frames and cut: their texts cannot be learnt whole" in told
    assert "1 characters of val are not in the training text and cannot be read: 新" in told


@pytest.mark.parametrize("is_licensed", [True, False])
def test_what_is_made_of_licensed_data_says_so(tmp_path: Path, is_licensed: bool) -> None:
    import dataclasses

    data, pieces = made(tmp_path)
    files = chinese_lips(
        ChineseLipsConfig(), dataclasses.replace(data, is_licensed=is_licensed), training_tokenizer(data)
    ).files
    assert ("DATA_LICENCE.txt" in files) is is_licensed
    assert pieces.files.keys() == {"tokenizer.json", "config.yaml"}


def test_parts_of_the_validation_are_the_whole(tmp_path: Path) -> None:
    _, pieces = made(tmp_path, hidden_dim=32, num_heads=2)
    assert pieces.validate is not None
    model = pieces.model(1).eval()
    with torch.inference_mode():
        parts = [pieces.validate(model, part, 2) for part in range(2)]
        whole = pieces.validate(model, 0, 1)
        (sample,) = pieces.samples(model, 3) if pieces.samples else ()
    assert {name: sum(part[name] for part in parts) for name in whole} == pytest.approx(whole)
    assert pieces.scores(whole)["cer"] == whole["errors"] / 2
    assert (sample.key, sample.reference) == ("9_20_M_KJ_000", "文新")
