"""Files that a reader opens: by path or link, whole or in pieces, with the flag that names them in every message."""

from pathlib import Path

import pytest

from orchestrator.pipelines import files
from orchestrator.pipelines.files import Files, any_bucket, any_root
from services.base.errors import BadConfig


def test_a_file_is_read_whole_or_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "map.csv").write_bytes(b"0123456789")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "link.csv").symlink_to(tmp_path / "map.csv")
    monkeypatch.setattr(files, "_PIECE_BYTES", 4)
    monkeypatch.chdir(tmp_path)
    for name in (str(tmp_path / "map.csv"), "map.csv", "sub/link.csv", f"file://{tmp_path}/map.csv"):
        assert Files().read("--label-map", name) == b"0123456789"
    assert list(Files().pieces("--manifest", "map.csv")) == [b"0123", b"4567", b"89"]
    assert Files().read_if_there("--labels-csv", "map.csv") == b"0123456789"
    assert Files().read_if_there("--labels-csv", "none.csv") is None


def test_what_cannot_be_read_is_named_by_its_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "big").write_bytes(b"x" * 11)
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    for name, reason in (("none", "NOT_READABLE"), (".", "NOT_READABLE"), ("big", "FILE_TOO_LARGE")):
        with pytest.raises(BadConfig, match="--label-map") as caught:
            Files().read("--label-map", str(tmp_path / name))
        assert caught.value.reason == reason
    with pytest.raises(BadConfig, match="--manifest"):
        next(Files().pieces("--manifest", "gopher://x/y"))


def test_the_root_of_what_a_manifest_names() -> None:
    assert [any_root(path) for path in ("/a/b", "s3://b/k/x")] == ["/", "s3://b"]
    assert [any_bucket(path) for path in ("/a/b", "s3://b/k/x")] == ["", "s3://b"]


def test_what_lies_in_a_root_is_looked_up_as_a_worker_finds_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").write_bytes(b"xy")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "x").write_bytes(b"x")
    root = str(tmp_path / "in")
    found = [Files().stat(root, name) for name in ("x", "link", "none", "../out", "")]
    assert [entry and entry.kind for entry in found] == ["file", "outside", None, None, None]
    followed = Files(follow_links=True).stat(root, "link")
    assert followed is not None and (followed.kind, followed.size_bytes) == ("file", 2)
