"""Settings are the baseline's by their names; what cannot be is refused."""

import dataclasses

import pytest

from services.training.recipes.chinese_lips_lstm.spec import RECIPE, ChineseLipsConfig

BASELINE = {
    "use_tensorboard", "tensorboard_dir", "log_images", "log_text_samples", "data_root", "train_dir", "val_dir",
    "test_dir", "hidden_dim", "temporal_model", "num_lstm_layers", "num_heads", "dropout", "max_frames",
    "frame_height", "frame_width", "fps", "batch_size", "num_workers", "learning_rate", "weight_decay", "num_epochs",
    "gradient_clip", "mixed_precision", "accumulation_steps", "warmup_epochs", "scheduler_type", "label_smoothing",
    "save_every", "keep_last_n", "log_dir", "log_every", "max_text_length", "device",
}  # fmt: skip


def test_every_key_of_the_baselines_yaml_is_a_setting() -> None:
    assert {field.name for field in dataclasses.fields(ChineseLipsConfig)} >= BASELINE


@pytest.mark.parametrize(("epoch", "share"), [(0, 1.0), (1, 0.95), (10, 0.5), (99, 0.5)])
def test_teacher_forcing_falls_to_a_half(epoch: int, share: float) -> None:
    assert ChineseLipsConfig().teacher_forcing(epoch) == pytest.approx(share)


def test_mixed_precision_is_of_gpus() -> None:
    config = ChineseLipsConfig()
    assert (config.precision_on("cuda"), config.precision_on("cpu")) == ("fp16", "fp32")
    assert dataclasses.replace(config, mixed_precision=False).precision_on("cuda") == "fp32"


@pytest.mark.parametrize(
    "wrong",
    [
        {"frame_height": 30}, {"frame_width": 200}, {"hidden_dim": 255}, {"num_heads": 7}, {"max_frames": 0},
        {"batch_size": 0}, {"dropout": 1.0}, {"learning_rate": 0.0}, {"max_text_length": 1}, {"num_epochs": 0},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ChineseLipsConfig(**wrong)  # type: ignore[arg-type]


def test_what_decides_nothing_of_what_is_learnt_is_in_no_digest() -> None:
    first = ChineseLipsConfig()
    for change in ({"accept_licence": True}, {"data_root": "x"}, {"num_workers": 0}, {"log_dir": "y"}):
        assert RECIPE.fingerprint(dataclasses.replace(first, **change)) == RECIPE.fingerprint(first)
    for change in ({"max_frames": 75}, {"resample": "step"}, {"pad_mask": False}, {"batch_size": 4}):
        assert RECIPE.fingerprint(dataclasses.replace(first, **change)) != RECIPE.fingerprint(first)
