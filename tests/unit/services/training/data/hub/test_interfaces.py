"""A file of the hub has a name below a folder, and an identity that its bytes are compared with."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from services.training.data.hub.interfaces import HubFile, is_commit

SHA256, GIT_ID = "a" * 64, "b" * 40


@pytest.mark.parametrize("name", ["../a.csv", "/a.csv", "a/../b.csv", "a\\b.csv", "", "./a.csv", "a//b"])
def test_a_name_that_leads_elsewhere_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a file below a folder"):
        HubFile(name, 1, SHA256)


@pytest.mark.parametrize(
    "file", [("a.csv", 1), ("a.csv", 1, "../../x"), ("a.csv", 1, "", "xyz"), ("a.csv", -1, SHA256)]
)
def test_without_identity_or_size_it_is_none(file: tuple[str, int, str]) -> None:
    with pytest.raises(ValueError, match="neither a sha256 nor an id of git, or no size"):
        HubFile(*file)


def test_the_identity_is_that_of_git_lfs_or_of_git_itself(tmp_path: Path) -> None:
    data = b"ID,TEXT\n"
    (tmp_path / "a.csv").write_bytes(data)
    by_git = subprocess.run(
        ["git", "hash-object", "a.csv"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.strip()
    for file in (
        HubFile("a.csv", len(data), "", by_git),
        HubFile("a.zip", len(data), hashlib.sha256(data).hexdigest()),
    ):
        hasher = file.hasher()
        hasher.update(data)
        assert hasher.hexdigest() == file.identity


@pytest.mark.parametrize(
    ("revision", "says"), [(GIT_ID, True), (GIT_ID[:8], False), ("main", False), ("B" * 40, False)]
)
def test_only_a_whole_commit_names_the_same_files_for_ever(revision: str, says: bool) -> None:
    assert is_commit(revision) is says
