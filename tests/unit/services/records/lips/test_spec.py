"""Settings of the stage: what decides bytes, and what cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from services.records.lips.spec import LipsFilesConfig, key_config


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "profile"},
        {"max_frames": 0},
        {"max_frames": 1 << 20},
        {"target_fps": 0.0},
        {"quality_policy": "drop"},
        {"profile": "x"},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|profile|max_frames"):
        LipsFilesConfig(**wrong)


def test_the_numbers_of_the_profile_decide_bytes() -> None:
    assert key_config(LipsFilesConfig())["profile"]["eyes_px"] == 69.0
