"""Chosen files lie in a folder as they are published: of one commit, whole, and nothing is done twice."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from fake_hub import REVISION, FakeHub, Seen, served, zip_of

from services.base.errors import BadConfig
from services.training.data.hub.download import Downloaded, Wanted, download
from services.training.data.hub.repository import HubRepository

FILES = {
    "meta_valid.csv": b"ID,TEXT\n1,x\n",
    "val.zip": zip_of({"val/1.mp4": b"1" * 50_000}),
    "image.zip": zip_of({"1.jpg": b"picture"}),
}
OTHER = "e" * 40


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with served(FakeHub(dict(FILES))) as served_hub:
        yield served_hub


def call(hub: FakeHub, folder: Path, watch: Seen | None = None, **changes: object) -> Downloaded:
    wanted = Wanted(**{"part": "val", "pinned": REVISION, "folder": folder / "out", **changes})  # type: ignore[arg-type]
    repository = HubRepository(hub.name, str(folder / "cache"), endpoint=hub.endpoint, patience_s=0.0)
    return download(repository, wanted, lambda _: ["meta_valid.csv", "val.zip"], watch or Seen())


def test_tables_are_copied_and_zips_unpacked_and_the_next_call_asks_nothing(hub: FakeHub, tmp_path: Path) -> None:
    seen = Seen()
    found = call(hub, tmp_path, seen)
    assert (found.revision, [file.name for file in found.files]) == (REVISION, ["meta_valid.csv", "val.zip"])
    assert found.fetched_bytes == sum(len(FILES[file.name]) for file in found.files)
    assert (tmp_path / "out/meta_valid.csv").read_bytes() == FILES["meta_valid.csv"]
    assert (tmp_path / "out/val/1.mp4").read_bytes() == b"1" * 50_000
    assert "are needed" in seen.said[1] and seen.counts[-1] == 50_000
    asked = len(hub.asked)
    (zipped,) = found.zips
    zipped.unlink()
    again = call(hub, tmp_path)
    assert (again.fetched_bytes, again.zips, len(hub.asked)) == (0, (), asked)


def test_a_branch_is_resolved_once_and_kept(hub: FakeHub, tmp_path: Path) -> None:
    hub.revisions["main"] = OTHER
    call(hub, tmp_path, revision="main", unpacks=False)
    hub.revisions["main"] = REVISION
    for revision in ("main", OTHER, ""):
        assert call(hub, tmp_path, revision=revision).revision == OTHER
    record = json.loads((tmp_path / "out/.visemill/download.json").read_text())
    assert (record["asked"], record["revision"]) == ("main", OTHER)


@pytest.mark.parametrize("change", [{"revision": OTHER}, {"part": "all"}])
def test_a_folder_is_of_one_revision_and_one_part(hub: FakeHub, tmp_path: Path, change: dict[str, object]) -> None:
    call(hub, tmp_path)
    with pytest.raises(BadConfig, match=r"OTHER_DOWNLOAD.*give another --output-dir"):
        call(hub, tmp_path, **change)


def test_zips_stay_packed_where_it_is_said(hub: FakeHub, tmp_path: Path) -> None:
    found = call(hub, tmp_path, unpacks=False)
    assert [path.read_bytes() for path in found.zips] == [FILES["val.zip"]]
    assert not (tmp_path / "out/val").exists()
    asked = len(hub.asked)
    call(hub, tmp_path, unpacks=False)
    call(hub, tmp_path)
    assert len(hub.asked) == asked and (tmp_path / "out/val/1.mp4").exists()


def test_a_zip_that_would_write_elsewhere_is_refused_and_can_be_kept_packed(hub: FakeHub, tmp_path: Path) -> None:
    hub.files["val.zip"] = zip_of({"val/1.mp4": b"1", "../evil.mp4": b"evil"})  # type: ignore[index]
    with pytest.raises(BadConfig, match=r"ZIP_UNSAFE.*'\.\./evil\.mp4' of val\.zip would be written elsewhere"):
        call(hub, tmp_path)
    assert not list(tmp_path.rglob("*.mp4"))
    assert call(hub, tmp_path, unpacks=False).fetched_bytes == 0


def test_a_zip_that_broke_in_the_cache_is_compared_again_and_fetched_anew(hub: FakeHub, tmp_path: Path) -> None:
    (zipped,) = call(hub, tmp_path, unpacks=False).zips
    stat = zipped.stat()
    zipped.write_bytes(b"PK" + bytes(stat.st_size - 2))
    os.utime(zipped, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(BadConfig, match="ZIP_DAMAGED"):
        call(hub, tmp_path)
    call(hub, tmp_path)
    assert hashlib.sha256(zipped.read_bytes()).digest() == hashlib.sha256(FILES["val.zip"]).digest()
    assert (tmp_path / "out/val/1.mp4").exists()


def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 100})())
    with pytest.raises(BadConfig, match=r"DISK_FULL.*100 B are free"):
        call(hub, tmp_path)
    assert hub.ranges_of_contents() == []


def test_one_download_at_a_time_writes_a_folder(hub: FakeHub, tmp_path: Path) -> None:
    class Nested(Seen):
        def say(self, text: str) -> None:
            if not self.said:
                super().say(text)
                with pytest.raises(BadConfig, match="OUTPUT_IN_USE"):
                    call(hub, tmp_path)

        def waiting(self, doing: str) -> nullcontext[None]:
            self.say(doing)
            return super().waiting(doing)

    nested = Nested()
    call(hub, tmp_path, nested)
    assert nested.said
