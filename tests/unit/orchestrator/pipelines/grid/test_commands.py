"""What `inspect` runs for the files of grid is there."""

import importlib.util

import pytest

from orchestrator.pipelines.grid.commands import COMMANDS


@pytest.mark.parametrize("module", sorted(set(COMMANDS.inspects.values())))
def test_what_shows_its_files_is_a_module(module: str) -> None:
    assert importlib.util.find_spec(module) is not None
