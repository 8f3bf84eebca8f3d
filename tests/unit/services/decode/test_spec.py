"""Settings of decode: what they refuse, and which of them belong in the key of an artifact."""

import dataclasses

import pytest

from services.base.errors import BadConfig
from services.base.stage.config import config_from_mapping
from services.containers.config import DecodeConfig
from services.decode.spec import SPEC, key_config


def test_the_stage_is_a_source_of_frames():
    assert (SPEC.name, SPEC.reads, SPEC.writes, SPEC.config) == ("decode", ("media",), ("frames",), DecodeConfig)
    assert SPEC.libraries == ("av", "numpy")


def test_every_setting_has_a_default_and_a_help_text():
    assert DecodeConfig() == DecodeConfig()
    for field in dataclasses.fields(DecodeConfig):
        assert field.metadata["help"], field.name


@pytest.mark.parametrize(
    "values",
    [
        {"max_frames": -1},
        {"max_pixels": 0},
        {"max_decoded_frames": 0},
        {"max_duration_s": 0.0},
        {"max_duration_s": float("nan")},
        {"chunk_bytes": 0},
        {"max_frames": 11, "max_decoded_frames": 10},
        {"frames": 3},
    ],
)
def test_a_setting_out_of_range_ends_the_run(values):
    with pytest.raises(BadConfig):
        config_from_mapping(DecodeConfig, values)


def test_only_the_limit_on_frames_decides_pixels():
    assert key_config(DecodeConfig(max_frames=75)) == {"max_frames": 75}
    others = DecodeConfig(max_pixels=1, max_decoded_frames=2, max_duration_s=3.0, chunk_bytes=4)
    assert key_config(others) == key_config(DecodeConfig())
