"""Flags of a command: under which heading its help shows them, and with which unit."""

import argparse
import re

import pytest

from orchestrator.cli.commands import build_parser
from orchestrator.cli.parsing.help_groups import ORDER, group_of, grouped, unit_of


def flag(*names: str, **how: object) -> argparse.Action:
    return argparse.ArgumentParser().add_argument(*names, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "group"),
    [
        (flag("--input-root"), "data set"),
        (flag("--max-failures"), "limits"),
        (flag("--state-root"), "output"),
        (flag("--cluster"), "workers"),
        (flag("--quiet"), "other"),
        (argparse.ArgumentParser().add_argument_group("sound").add_argument("--input-root"), "sound"),
    ],
)
def test_the_heading_of_a_flag(action: argparse.Action, group: str) -> None:
    assert group_of(action) == group


@pytest.mark.parametrize(
    ("action", "unit"),
    [
        (flag("--max-duration-s", type=float), "SECONDS"),
        (flag("--clip-memory-mib", type=int), "MIB"),
        (flag("--num-shards", type=int), "N"),
        (flag("--output-root"), "ROOT"),
        (flag("--share", type=float), "NUMBER"),
        (flag("--anything"), "TEXT"),
    ],
)
def test_the_unit_of_a_value(action: argparse.Action, unit: str) -> None:
    assert unit_of(action) == unit


def test_groups_that_a_flag_brings_come_before_kubernetes_and_other() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument_group("sound").add_argument("--sample-rate-hz")
    for name in ("--quiet", "--parallelism", "--output-root"):
        parser.add_argument(name)
    assert [heading for heading, _ in grouped(parser._actions)] == ["output", "sound", "Kubernetes", "other"]


def test_a_command_without_a_data_set_has_plain_options() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--iv3-weights")
    assert [heading for heading, _ in grouped(parser._actions)] == ["options"]


@pytest.mark.parametrize("line", ["run grid", "run sign", "run tts", "plan grid", "plan sign", "plan tts"])
def test_every_flag_of_a_pipeline_has_a_heading(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Name a new one in orchestrator/cli/parsing/help_groups.py, or put it into an argument group of its own."""
    with pytest.raises(SystemExit):
        build_parser(line.split(maxsplit=1)[0]).parse_args([*line.split(), "--help"])
    text = capsys.readouterr().out
    headings = re.findall(r"^(\S[^\n]*):$", text, re.MULTILINE)
    expected = [name for name in ORDER if name in headings]
    assert [name for name in headings if name in ORDER] == expected
    assert {"data set", "output", "limits"} | ({"picture"} if "tts" not in line else set()) <= set(expected)
    other = set(re.findall(r"--[a-z0-9-]+", text[text.index("\nother:") :]))
    assert other == {"--help", "--quiet", "--progress", "--output"}
