"""Files of tests that take long begin first: whoever comes to the end of a suite then waits for a short one.

pytest-xdist would begin with those that hold the most tests, and so end with a file of one long test.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

# From the root of the tests' project.
LISTED = Path("tests") / "long_files.toml"


def longest_first(files: list[str], seconds: Mapping[str, float]) -> list[int]:
    """Indices of files, one for each test, in the order in which the tests run: those of a file stay together and in
    order, files that are not listed come last in the order that they had.
    """
    places = {file: place for place, file in enumerate(dict.fromkeys(files))}
    return sorted(range(len(files)), key=lambda i: (-seconds.get(files[i], 0), places[files[i]], i))


def listed_seconds(path: Path) -> dict[str, float]:
    """Seconds of each file that is listed, by its path from the checkout. Raises ValueError for what takes no time."""
    seconds: dict[str, float] = tomllib.loads(path.read_text("utf-8"))
    for file, of_file in seconds.items():
        if not of_file > 0:
            raise ValueError(f"{path.name}: {file} takes {of_file} s: give what it takes, or leave it out")
    return seconds


def pytest_configure(config: pytest.Config) -> None:
    # Else xdist puts them in its own order again.
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    files = [item.nodeid.partition("::")[0] for item in items]
    items[:] = [items[i] for i in longest_first(files, listed_seconds(config.rootpath / LISTED))]
