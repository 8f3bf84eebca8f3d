"""Writers of one file take turns: none loses what another wrote, and one that died is not waited for."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from services.base.errors import Transient
from services.base.store import turns
from services.base.store.local.folder import LocalFolder
from services.base.store.turns import rewrite, turn

LOCK = ".visemill/state.json.turn"


class Elsewhere:
    """A store that is no disk to whoever looks: what it does, a folder does."""

    def __init__(self, folder: LocalFolder) -> None:
        self._folder = folder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._folder, name)


@pytest.fixture(params=["disk", "elsewhere"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(turns, "_POLL_S", 0.005)
    folder = LocalFolder(tmp_path)
    return folder if request.param == "disk" else Elsewhere(folder)


def test_nothing_is_lost_between_writers(store: Any) -> None:
    together = threading.Barrier(4)

    def add(_: int) -> None:
        together.wait()
        for _ in range(5):
            rewrite(store, "state.json", LOCK, lambda before: (before or b"") + b"x")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(4)))
    assert store.read("state.json") == b"x" * 20


def test_a_change_that_fails_leaves_the_file_and_the_turn(store: Any) -> None:
    store.put("state.json", b"as it was")

    def fail(before: bytes | None) -> bytes:
        raise ValueError(before)

    with pytest.raises(ValueError, match="as it was"):
        rewrite(store, "state.json", LOCK, fail)
    rewrite(store, "state.json", LOCK, lambda before: (before or b"") + b", and more")
    assert store.read("state.json") == b"as it was, and more"


def test_who_waits_for_long_says_for_what(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_PATIENCE_S", 0.05)
    with (
        turn(store, LOCK),
        pytest.raises(Transient, match=r"WRITERS_WAIT.*state\.json"),
        turn(store, LOCK),
    ):
        pass


def test_a_lock_on_a_disk_dies_with_its_holder(tmp_path: Path) -> None:
    held = (
        "import os, sys\nfrom services.base.store.local.folder import LocalFolder\n"
        "from services.base.store.turns import turn\n"
        "with turn(LocalFolder(sys.argv[1]), '.visemill/state.json.turn'):\n    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", held, str(tmp_path)], check=False).returncode == 9
    rewrite(LocalFolder(tmp_path), "state.json", LOCK, lambda _: b"mine")


def test_elsewhere_a_turn_that_does_not_end_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_POLL_S", 0.005)
    monkeypatch.setattr(turns, "_SILENT_S", 0.02)
    folder = LocalFolder(tmp_path)
    folder.put(LOCK, b"of one that died")
    rewrite(Elsewhere(folder), "state.json", LOCK, lambda _: b"mine")  # type: ignore[arg-type]
    assert folder.read("state.json") == b"mine" and folder.stat(LOCK) is None
