import dataclasses

import pytest

from services.base.errors import BadConfig
from services.base.stage.config import config_from_mapping
from services.records.grid.spec import SPEC, SPLITS, RecordsConfig, key_config


def test_the_defaults_are_the_originals_with_the_recommended_window() -> None:
    config = RecordsConfig()
    assert (config.max_frames, config.max_text_len) == (75, 32)
    assert (config.profile, config.quality_policy) == ("fixed-scale", "flag")
    assert SPLITS == ("train", "val", "test")


def test_the_stage_turns_frames_landmarks_and_an_alignment_into_a_record() -> None:
    assert (SPEC.name, SPEC.reads, SPEC.writes) == ("records", ("frames", "landmarks", "align"), ("record",))
    assert SPEC.config is RecordsConfig


def test_every_setting_has_help() -> None:
    assert all(field.metadata["help"] for field in dataclasses.fields(RecordsConfig))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"profile": "v9"}, "fixed-scale, liptype2-v1"),
        ({"max_frames": 0}, "1 or more"),
        ({"max_text_len": 0}, "1 or more"),
        ({"max_frames": 200_000}, "2 GiB"),
        ({"quality_policy": "drop"}, "quarantine"),
    ],
)
def test_what_no_record_can_be_made_with_is_bad_config(values: dict[str, object], says: str) -> None:
    with pytest.raises(BadConfig, match=says):
        config_from_mapping(RecordsConfig, values)


def test_the_profiles_own_numbers_decide_the_bytes() -> None:
    key = key_config(RecordsConfig())
    assert key["profile"]["smoothing_frames"] == 3.0
    assert key_config(RecordsConfig(profile="liptype2-v1")) != key
