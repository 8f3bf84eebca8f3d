"""Roots that may come later, on a disk."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig, BadInput, Transient
from services.base.store.allowed_roots import AllowedRoots


def test_a_folder_that_is_missing_is_said_so_and_found_once_it_is_there(tmp_path: Path) -> None:
    root = tmp_path / "later"
    roots = AllowedRoots([str(root)])
    with pytest.raises(BadConfig, match=r"ROOT_MISSING: there is no folder .*later; check the path, or mount"):
        roots.check()
    with pytest.raises(Transient, match="ROOT_MISSING"):
        roots.find(f"{root}/clip.mpg")
    root.mkdir()
    roots.check()
    store, name = roots.find(f"{root}/clip.mpg")
    assert (store.uri, name) == (str(root), "clip.mpg")


def test_a_folder_that_goes_is_missing_again(tmp_path: Path) -> None:
    root = tmp_path / "mounted"
    root.mkdir()
    roots = AllowedRoots([str(tmp_path), str(root)])
    roots.check()
    root.rmdir()
    with pytest.raises(BadConfig, match="ROOT_MISSING"):
        roots.check()
    root.mkdir()
    roots.check()


def test_a_file_is_no_root_until_it_gives_way_to_a_folder(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.touch()
    roots = AllowedRoots([str(root)])
    with pytest.raises(BadConfig, match=r"ROOT_MISSING.*is not a folder"):
        roots.check()
    root.unlink()
    root.mkdir()
    roots.check()


def test_one_missing_root_does_not_hide_the_others(tmp_path: Path) -> None:
    roots = AllowedRoots([str(tmp_path / "none"), str(tmp_path)])
    assert roots.find(f"{tmp_path}/a/b.mpg")[1] == "a/b.mpg"
    with pytest.raises(BadInput, match="URI_REFUSED"):
        roots.find("/elsewhere/b.mpg")


@pytest.mark.parametrize("root", ["s3://b", "s3://bucket/../x"])
def test_what_can_be_no_root_is_refused_at_once(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(BadConfig, match="BAD_URI"):
        AllowedRoots([root])
