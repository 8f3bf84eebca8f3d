"""A disk that fills up in mid-run: said plainly, nothing half-published, and carried on when there is room again."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB; skips where none can be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no small disk can be mounted here: {error}")
    if done.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("cache", ["--artifact-cache", "--no-artifact-cache"])
def test_a_full_disk_stops_the_run_and_costs_nothing(
    visemill: Any, corpus: Any, stems: Any, small_disk: Path, tmp_path: Path, tree_digest: Any, cache: str
) -> None:
    corpus.add(*stems(6))
    flags = ["grid", "--input-root", corpus.root, "--num-shards", 2, "--quiet", cache]
    visemill.ok("run", *flags, "--output-root", tmp_path / "whole")
    out, ballast = small_disk / "out", small_disk / "ballast"
    ballast.write_bytes(bytes(8 << 20))

    planned = visemill.ok("plan", *flags, "--output-root", out, "--sample", 1, code=78)
    assert planned["disk_too_small"]
    result = visemill.run("run", *flags, "--output-root", out)
    assert result.code == 78
    told = result.text + result.stderr
    assert "DISK_FULL" in told
    assert "free some space and resume" in told
    assert [path.name for path in out.iterdir()] == [".visemill"]
    assert not [path for path in out.rglob(".visemill-tmp-*") if path.stat().st_size]

    ballast.unlink()
    answer = visemill.ok("resume", "--output-root", out)
    assert answer["records"]["train"] == 6
    assert tree_digest(out) == tree_digest(tmp_path / "whole")


def test_a_disk_without_room_for_anything_is_said_plainly(visemill: Any, corpus: Any, small_disk: Path) -> None:
    corpus.add("bbaf2n")
    with (small_disk / "ballast").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    words = ["grid", "--input-root", corpus.root, "--num-shards", 1, "--output-root", small_disk / "out"]
    assert "free some space" in visemill.refused("run", *words, reason="DISK_FULL")
