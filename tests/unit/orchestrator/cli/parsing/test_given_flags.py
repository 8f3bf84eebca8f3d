"""The command line that gives the values of flags again."""

import argparse

import pytest

from orchestrator.cli.parsing.given_flags import argv_given_by


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=3)
    parser.add_argument("--keep", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("-r", "--remote", action="append", default=[])


@pytest.mark.parametrize(
    "line",
    ["", "--size=4", "--no-keep", "--quiet", "--remote=a=b:1 --remote=c=d:2", "--size=1 --no-keep --quiet --remote=x"],
)
def test_there_and_back(line: str) -> None:
    parser = argparse.ArgumentParser()
    add(parser)
    assert argv_given_by(parser.parse_args(line.split()), add) == line.split()


def test_what_is_at_its_default_or_of_other_flags_is_left_out() -> None:
    values = argparse.Namespace(size=3, keep=True, quiet=False, remote=[], other="x")
    assert argv_given_by(values, add) == []
