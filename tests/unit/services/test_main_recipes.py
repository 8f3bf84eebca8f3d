"""The entry points of recipes."""

import json

import pytest

from services.__main__ import RECIPES, main, recipe_of
from services.base.errors import EXIT_OK, BadConfig


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_bears_the_name_that_the_table_gives_it(name: str) -> None:
    assert recipe_of(name).name == name


def test_a_recipe_has_entry_points_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grid-ctc", "test", "--help"]) == EXIT_OK
    assert "--checkpoint" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "reason", "says"),
    [
        (["grid-ctc", "serve"], "UNKNOWN_ENTRY_POINT", "it has rank, describe, test"),
        (["grid-ctc,grid-ctc", "test"], "ONE_RECIPE", "test takes one recipe"),
        (["grid", "rank"], "UNKNOWN_RECIPE", "there are chinese-lips-conformer, chinese-lips-lstm, grid-ctc"),
    ],
)
def test_what_there_is_not_is_named(
    argv: list[str], reason: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == BadConfig.exit_code
    error = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert error["reason"] == reason
    assert says in error["message"]
