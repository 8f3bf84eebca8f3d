"""Settings of the data of any training on Chinese-LiPS."""

from typing import Any

import pytest

from services.training.recipes.lips.spec import FREE_SETTINGS, LipsTrainSettings, decides


@pytest.mark.parametrize(
    "wrong",
    [{"frame_width": 40}, {"max_frames": 0}, {"batch_size": 0}, {"cache_mib": -1}, {"val_share": 1.0}, {"fps": 0.0}],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LipsTrainSettings(**wrong)


def test_where_the_data_lie_decides_nothing_and_how_they_are_read_does() -> None:
    def key(**settings: Any) -> Any:
        return decides(LipsTrainSettings(**settings), FREE_SETTINGS).key_config

    assert key(data_root="/a", accept_licence=True) == key()
    assert key(resample="step") != key()


@pytest.mark.parametrize(("device", "precision"), [("cuda", "fp16"), ("cpu", "fp32")])
def test_mixed_precision_is_of_a_gpu(device: str, precision: str) -> None:
    assert LipsTrainSettings().precision_on(device) == precision
