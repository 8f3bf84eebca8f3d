"""A folder for a while: gone afterwards, and of whoever was killed removed by the next."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.base.store.local.working_folder import working_folder

KILLED = """
import os, signal, sys
from services.base.store.local.working_folder import working_folder
with working_folder("made-", sys.argv[1]) as folder:
    (folder / "film.mp4").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def age(folder: Path) -> None:
    os.utime(folder, (0, 0))


def test_it_is_gone_afterwards_whatever_happened(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), working_folder("made-", str(tmp_path)) as folder:
        (folder / "film.mp4").write_bytes(b"half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_of_a_process_that_was_killed_the_next_removes_it(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    age(left)
    with working_folder("made-", str(tmp_path)) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_those_of_living_processes_and_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / "made-by-hand").mkdir()
    with working_folder("made-", str(tmp_path)) as living:
        for folder in tmp_path.iterdir():
            age(folder)
        with working_folder("made-", str(tmp_path)):
            assert {living, tmp_path / "made-by-hand"} <= set(tmp_path.iterdir())
