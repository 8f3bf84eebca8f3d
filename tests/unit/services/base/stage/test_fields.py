"""What the field of a config says, and the flag that is made from it."""

import argparse
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from services.base.errors import BadConfig
from services.base.stage.config import (
    add_config_flags,
    argv_of,
    config_from_argv,
    config_from_flags,
    config_from_mapping,
)
from services.base.stage.fields import (
    Address,
    FileOrName,
    FileRef,
    Server,
    fields_of,
    option,
    settings_for,
    stage_option,
)


@dataclass(frozen=True)
class ToyStage:
    """Of a stage."""

    rate_hz: float = 25.0
    mode: Literal["fast", "exact"] = "fast"


@dataclass(frozen=True)
class ToyOptions:
    """Of a pipeline."""

    data: FileRef = option("", "files to read", group="data set", aliases=("--data_root",))
    split: Annotated[str, FileOrName(("all", "half"))] = option("", "a file or a name", group="data set")
    server: Address = option("", "where to ask", group="limits")
    rate: float = stage_option(ToyStage, "rate_hz", "of the audio", group="picture", unit="Hz")
    mode: Literal["fast", "exact"] | None = option(None, "how", group="picture")
    size_px: int | None = option(None, "side", group="picture", unit="px", metavar="N")
    keep: bool = option(True, "keep it", group="output")
    plain: bool = option(False, "without more", group="output")
    secret: int = option(0, "for tests", group="output", hidden=True)


@pytest.mark.parametrize(
    ("name", "kind", "metavar", "names"),
    [
        ("data", str, "FILE", FileOrName()),
        ("split", str, "FILE|NAME", FileOrName(("all", "half"))),
        ("server", str, "HOST:PORT", Server()),
        ("rate", float, None, None),
        ("size_px", int, "N", None),
        ("keep", bool, None, None),
    ],
)
def test_a_field_says_what_its_value_is_and_what_it_names(name, kind, metavar, names):
    (field,) = (field for field in fields_of(ToyOptions) if field.name == name)
    assert (field.kind, field.metavar, field.names) == (kind, metavar, names)


def test_a_named_file_is_none():
    split = FileOrName(("all", "half"))
    assert (split.file_of("half"), split.file_of("half.yaml"), split.file_of("")) == ("", "half.yaml", "")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--data=x", "--split=half", "--server=a:1", "--rate=16.0", "--mode=exact", "--size-px=9"],
        ["--no-keep", "--plain", "--secret=3"],
    ],
)
def test_flags_make_options_and_options_make_the_same_flags(argv):
    options = config_from_argv(ToyOptions, argv, "toy")
    assert argv_of(options) == argv


def test_the_spelling_of_an_original_script_is_the_same_flag():
    assert config_from_argv(ToyOptions, ["--data_root", "x"], "toy") == ToyOptions(data="x")
    assert argv_of(ToyOptions(data="x")) == ["--data=x"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--mode=slow"], "invalid choice: 'slow'"),
        (["--rat=3"], "unrecognized arguments: --rat=3"),
        (["--no-plain"], "unrecognized arguments: --no-plain"),
        (["--rate=x"], "invalid float value"),
    ],
)
def test_other_flags_are_refused_by_the_name_of_whose_they_are(argv, message):
    with pytest.raises(BadConfig, match=f"BAD_FLAGS: toy: .*{message}"):
        config_from_argv(ToyOptions, argv, "toy")


@pytest.mark.parametrize("values", [{"mode": "slow"}, {"rate": "25"}, {"size_px": 2.5}, {"keep": 1}, {"other": 1}])
def test_plain_values_are_held_to_the_same_types(values):
    with pytest.raises(BadConfig):
        config_from_mapping(ToyOptions, values)


def test_help_has_groups_and_defaults_and_hides_what_is_hidden():
    parser = argparse.ArgumentParser()
    add_config_flags(parser, ToyOptions)
    text = parser.format_help()
    assert [group for group in ("data set:", "limits:", "picture:", "output:") if group in text] != []
    assert "of the audio (default: 25.0)" in text and "how\n" in text and "--secret" not in text


def test_a_default_is_the_stages_and_the_value_goes_back_to_it():
    assert ToyOptions().rate == ToyStage().rate_hz
    assert settings_for(ToyStage, ToyOptions(rate=8.0)) == {"rate_hz": 8.0}


def test_a_flag_may_take_several_texts_one_a_line():
    @dataclass(frozen=True)
    class Several:
        manifests: str = option("", "files", group="input", several=True)

    parser = argparse.ArgumentParser()
    add_config_flags(parser, Several)
    for argv in (["--manifests", "a", "b c"], ["--manifests", "a", "--manifests=b c"]):
        made = config_from_flags(Several, parser.parse_args(argv))
        assert made == Several("a\nb c")
    assert config_from_flags(Several, parser.parse_args(argv_of(Several("a\nb")))) == Several("a\nb")
    assert config_from_flags(Several, parser.parse_args([])) == Several()
