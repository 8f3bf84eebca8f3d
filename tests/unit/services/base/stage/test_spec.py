"""Settings from plain values: what is refused names the setting, the rule and the nearest name."""

from dataclasses import dataclass
from typing import Literal

import pytest

from services.base.errors import BadConfig
from services.base.stage.config import config_from_mapping, json_object, stage_configs


@dataclass(frozen=True)
class Config:
    count: int = 1
    ratio: float = 0.5
    name: str = "x"
    deep: bool = False
    mode: Literal["a", "b"] = "a"
    limit: int | None = None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": "1"}, "Config's count must be a whole number, not '1'"),
        ({"count": 1.0}, "Config's count must be a whole number, not 1.0"),
        ({"count": True}, "Config's count must be a whole number, not True"),
        ({"count": None}, "Config's count must be a whole number, not None"),
        ({"ratio": "0.5"}, "Config's ratio must be a finite number"),
        ({"ratio": float("nan")}, "Config's ratio must be a finite number, not nan"),
        ({"ratio": False}, "Config's ratio must be a finite number, not False"),
        ({"name": 5}, "Config's name must be text, not 5"),
        ({"deep": 1}, "Config's deep must be true or false, not 1"),
        ({"limit": "3"}, "Config's limit must be a whole number, not '3'"),
    ],
)
def test_a_value_of_another_type_is_refused_by_the_settings_name(values: dict[str, object], message: str) -> None:
    with pytest.raises(BadConfig) as failure:
        config_from_mapping(Config, values)
    assert failure.value.reason == "BAD_SETTING"
    assert message in failure.value.message


def test_values_of_the_right_type_are_taken_and_whole_numbers_count_as_numbers() -> None:
    made = config_from_mapping(Config, {"count": 2, "ratio": 3, "name": "y", "deep": True, "mode": "b", "limit": None})
    assert made == Config(2, 3.0, "y", True, "b", None)
    assert type(made.ratio) is float
    assert config_from_mapping(Config, {"limit": 4}).limit == 4


def test_an_unknown_setting_is_told_with_those_there_are() -> None:
    with pytest.raises(BadConfig, match="UNKNOWN_SETTING: Config has no cuont; it has count, deep"):
        config_from_mapping(Config, {"cuont": 1})


@pytest.mark.parametrize("text", ["{", "[]", "3", "null", ""])
def test_what_is_no_json_object_is_refused_by_the_flags_name(text: str) -> None:
    with pytest.raises(BadConfig, match="BAD_FLAGS: --config"):
        json_object(text, "--config")


def test_settings_come_by_stage_one_entry_for_each() -> None:
    assert stage_configs('{"decode": {"a": 1}}', ["decode", "landmarks"]) == {"decode": {"a": 1}, "landmarks": {}}


def test_a_misspelt_stage_is_refused_with_the_name_that_was_meant() -> None:
    with pytest.raises(BadConfig, match=r"UNKNOWN_STAGE: --config names 'lankmarks'.*did you mean landmarks"):
        stage_configs('{"lankmarks": {}}', ["decode", "landmarks"])
    with pytest.raises(BadConfig, match=r"UNKNOWN_STAGE: --config names 'zzz', the stages are decode$"):
        stage_configs('{"zzz": {}}', ["decode"])


def test_settings_of_a_stage_must_be_an_object() -> None:
    with pytest.raises(BadConfig, match="BAD_FLAGS: --config of decode must be an object of settings, not 3"):
        stage_configs('{"decode": 3}', ["decode"])
