"""A disk that fills up in mid-run: said plainly, nothing half-published, and carried on when there is room again."""

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(here: Any, corpus_at: Any, stems: Any, tree_digest: Any, tmp_path_factory: Any) -> tuple[Path, str]:
    """Six clips, and the digest of their output."""
    folder = tmp_path_factory.mktemp("whole")
    corpus_at(folder / "in").add(*stems(6))
    words = ["run", "grid", "--input-root", folder / "in", "--output-root", folder / "out", "--num-shards", 2]
    here.ok(*words, "--quiet")
    return folder / "in", tree_digest(folder / "out")


@pytest.mark.parametrize("cache", ["--artifact-cache", "--no-artifact-cache"])
def test_a_full_disk_stops_the_run_and_costs_nothing(
    here: Any, whole: tuple[Path, str], small_disk: Path, tree_digest: Any, cache: str
) -> None:
    inputs, digest = whole
    flags = ["grid", "--input-root", inputs, "--num-shards", 2, "--quiet", cache]
    out, ballast = small_disk / "out", small_disk / "ballast"
    ballast.write_bytes(bytes(8 << 20))

    planned = here.ok("plan", *flags, "--output-root", out, "--sample", 1, code=78)
    assert planned["disk_too_small"]
    refused = here.refused("run", *flags, "--output-root", out, reason="DISK_FULL")
    assert "bytes (6.8 MB) are needed" in refused or "bytes (8.5 MB) are needed" in refused
    assert "are free" in refused and "--ignore-free-space" in refused
    result = here.run("run", *flags, "--output-root", out, "--ignore-free-space")
    assert result.code == 78
    told = result.text + result.stderr
    assert "DISK_FULL" in told
    assert "free some space and resume" in told
    assert [path.name for path in out.iterdir()] == [".visemill"]
    assert not [path for path in out.rglob(".visemill-tmp-*") if path.stat().st_size]

    ballast.unlink()
    answer = here.ok("resume", "--output-root", out)
    assert answer["records"]["train"] == 6
    assert tree_digest(out) == digest


def test_a_disk_without_room_for_anything_is_said_plainly(here: Any, corpus: Any, small_disk: Path) -> None:
    corpus.add("bbaf2n")
    with (small_disk / "ballast").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    words = ["grid", "--input-root", corpus.root, "--num-shards", 1, "--output-root", small_disk / "out"]
    assert "free some space" in here.refused("run", *words, reason="DISK_FULL")
