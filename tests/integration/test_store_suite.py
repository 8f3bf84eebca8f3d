"""One suite for every store: a local folder, a real S3 server on loopback, and what VISEMILL_TEST_S3_ENDPOINT names.

The external server is reached with the usual AWS variables; VISEMILL_TEST_S3_BUCKET names a bucket that may be written.
"""

import hashlib
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.runs.gc import over_the_cap
from services.base.errors import BadConfig, BadInput
from services.base.store.interface import Entry, NotThere, Store
from services.base.store.open import join_uri, open_store
from services.base.store.s3 import objects
from services.base.store.s3 import upload as store_s3_upload

MIB = 1 << 20


EXTERNAL = tuple(os.environ.get(f"VISEMILL_TEST_S3_{name}", "") for name in ("ENDPOINT", "BUCKET"))


@pytest.fixture(params=["local", "seaweedfs", *(["external"] if all(EXTERNAL) else [])])
def uri(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "local":
        yield str(tmp_path / "store")
        return
    if request.param == "seaweedfs":
        server: Any = request.getfixturevalue("s3_server")
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield f"s3://{server.new_bucket()}/some/prefix"
        return
    endpoint, bucket = EXTERNAL
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    root = f"s3://{bucket}/visemill-suite-{uuid.uuid4().hex}"
    yield root
    open_store(f"s3://{bucket}").delete_prefix(root.rpartition("/")[2] + "/")


@pytest.fixture
def store(uri: str) -> Store:
    return open_store(uri)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    """Uploads in parts of 5 MiB, the least that S3 allows."""
    monkeypatch.setattr(store_s3_upload, "PART_BYTES", 5 * MIB)
    return 5 * MIB


def names(store: Store, prefix: str = "") -> list[str]:
    return [entry.name for entry in store.list(prefix)]


def test_what_is_put_is_read_whole_and_in_ranges(store: Store) -> None:
    store.put("a/b.bin", b"0123456789")
    assert store.read("a/b.bin") == b"0123456789"
    assert store.read("a/b.bin", 3) == b"3456789"
    assert store.read("a/b.bin", 3, 4) == b"3456"
    assert store.read("a/b.bin", 0, 2) == b"01"
    assert store.read("a/b.bin", 8, 50) == b"89"
    assert store.read("a/b.bin", 10) == b""
    assert store.read("a/b.bin", 50, 5) == b""
    assert store.read("a/b.bin", 4, 0) == b""
    store.put("a/b.bin", b"new")
    assert store.read("a/b.bin") == b"new"


def test_an_empty_file_is_a_file(store: Store, tmp_path: Path) -> None:
    store.put("empty", b"")
    assert store.read("empty") == b""
    assert store.read("empty", 0, 5) == b""
    entry = store.stat("empty")
    assert entry
    assert (entry.size_bytes, entry.kind) == (0, "file")
    assert names(store) == ["empty"]
    store.fetch("empty", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b""
    with store.upload("empty2") as upload:
        upload.commit()
    assert store.read("empty2") == b""


def test_what_is_not_there_is_said_so(store: Store, tmp_path: Path) -> None:
    assert store.stat("no/such") is None
    assert store.local_path("no/such") is None
    for call in (
        lambda: store.read("no/such"),
        lambda: store.read("no/such", 1, 1),
        lambda: store.read("no/such", 0, 0),
        lambda: store.fetch("no/such", tmp_path / "copy"),
        lambda: store.move("no/such", "x"),
        lambda: store.move("no/such", "no/such"),
    ):
        with pytest.raises(NotThere, match="no/such"):
            call()
    assert list(tmp_path.glob("*copy*")) == []
    store.delete("no/such")
    store.delete_prefix("no/")
    assert names(store) == []


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../../b", "a//b", "a/", ".visemill-tmp-x"])
def test_names_that_escape_are_refused(store: Store, name: str, tmp_path: Path) -> None:
    for call in (
        lambda: store.stat(name),
        lambda: store.read(name),
        lambda: store.local_path(name),
        lambda: store.fetch(name, tmp_path / "copy"),
        lambda: store.put(name, b"x"),
        lambda: store.create(name, b"x"),
        lambda: store.upload(name),
        lambda: store.move("a", name),
        lambda: store.delete(name),
    ):
        with pytest.raises(BadInput, match="BAD_NAME"):
            call()
    with pytest.raises(BadInput, match="BAD_NAME"):
        list(store.list("../"))


def test_listings_are_sorted_by_whole_names_and_match_a_string_prefix(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "PAGE_KEYS", 3)
    wanted = sorted(
        ["a/x", "a-b", "a!", "a b+é/%41 &<>'\"", "ä", "z", "a/y/z", "train-00000-of-00002", "train-00001-of-00002"],
        key=str.encode,
    )
    for name in wanted:
        store.put(name, name.encode())
    assert names(store) == wanted
    for prefix in ("a", "a/", "a/y/", "train-", "train-00001", "no"):
        assert names(store, prefix) == [name for name in wanted if name.startswith(prefix)]
    for entry in store.list():
        assert store.read(entry.name) == entry.name.encode()
        assert store.stat(entry.name) == entry
        assert entry.size_bytes == len(entry.name.encode())


def test_listings_tell_when_files_were_written(store: Store) -> None:
    """The last written name comes first, so that order of name is not taken for age. S3 counts in whole seconds."""
    began_ns = time.time_ns()
    for name in ("c", "b", "a"):
        store.put(name, name.encode())
        time.sleep(1.05 if store.uri.startswith("s3://") else 0.02)
    listed = sorted(store.list(), key=lambda entry: entry.modified_ns)
    assert [entry.name for entry in listed] == ["c", "b", "a"]
    assert all(began_ns - 2e9 < entry.modified_ns < time.time_ns() + 2e9 for entry in listed)
    assert [entry.name for entry in over_the_cap(listed[::-1], 2)] == ["c"]


def test_directories_are_listed_on_request(store: Store) -> None:
    for name in ("s1/clip.mpg/x", "s1/clip-2.mpg", "s2"):
        store.put(name, b"1")
    listed = [(entry.name, entry.kind) for entry in store.list(directories=True)]
    assert listed == [
        ("s1", "directory"),
        ("s1/clip-2.mpg", "file"),
        ("s1/clip.mpg", "directory"),
        ("s1/clip.mpg/x", "file"),
        ("s2", "file"),
    ]
    below = [entry.name for entry in store.list("s1/", directories=True)]
    assert below == ["s1/clip-2.mpg", "s1/clip.mpg", "s1/clip.mpg/x"]


def test_the_version_follows_the_content(store: Store) -> None:
    store.put("a", b"one")
    first = store.stat("a")
    store.put("a", b"two")
    second = store.stat("a")
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    assert first.version != second.version


def test_create_writes_once(store: Store) -> None:
    assert store.create("run.json", b"first")
    assert not store.create("run.json", b"second")
    assert store.read("run.json") == b"first"
    store.delete("run.json")
    assert store.create("run.json", b"third")


def test_of_racing_creators_exactly_one_wins(uri: str) -> None:
    stores = [open_store(uri) for _ in range(8)]
    start, won = threading.Barrier(len(stores)), []

    def race(number: int) -> None:
        start.wait()
        if stores[number].create("done.json", b"%d" % number):
            won.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert stores[0].read("done.json") == b"%d" % won[0]


@pytest.mark.parametrize("size_bytes", [0, 1, 5 * MIB, 5 * MIB + 1, 12 * MIB])
def test_an_upload_appears_at_once_and_complete(store: Store, small_parts: int, size_bytes: int) -> None:
    content = os.urandom(size_bytes)
    with store.upload("shards/big") as upload:
        for start in range(0, size_bytes, 3 * MIB):
            upload.write(content[start : start + 3 * MIB])
            assert names(store) == []
            assert store.stat("shards/big") is None
        assert upload.commit()
    assert (upload.size_bytes, upload.sha256) == (size_bytes, hashlib.sha256(content).hexdigest())
    assert store.read("shards/big") == content
    assert names(store) == ["shards/big"]
    assert store.clean_abandoned(0) == 0


@pytest.mark.parametrize("size_bytes", [10, 6 * MIB])
def test_a_create_only_upload_never_replaces(store: Store, small_parts: int, size_bytes: int) -> None:
    with store.upload("a") as first, store.upload("a") as second:
        first.write(b"1" * size_bytes)
        second.write(b"2" * size_bytes)
        assert first.commit(create_only=True)
        assert not second.commit(create_only=True)
    assert store.read("a") == b"1" * size_bytes
    with store.upload("a") as third:
        third.write(b"3" * size_bytes)
        assert third.commit()
    assert store.read("a") == b"3" * size_bytes
    assert store.clean_abandoned(0) == 0


def test_an_upload_that_fails_leaves_nothing(store: Store, small_parts: int) -> None:
    with pytest.raises(ZeroDivisionError), store.upload("a") as upload:
        upload.write(b"x" * (6 * MIB))
        _ = 1 / 0
    assert store.stat("a") is None
    assert names(store) == []
    assert store.clean_abandoned(0) == 0


KILLED_WRITER = """
import os, signal, sys
from services.base.store.open import open_store
from services.base.store.s3 import upload as s3_upload
s3_upload.PART_BYTES = 5 << 20
upload = open_store(sys.argv[1]).upload("shards/half")
upload.write(b"x" * (11 << 20))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_is_found_by_its_age_and_removed(uri: str, store: Store) -> None:
    argv = [sys.executable, "-c", KILLED_WRITER, uri]
    assert subprocess.run(argv, cwd=Path(__file__).resolve().parents[2], check=False).returncode == -9
    assert names(store) == []
    assert store.stat("shards/half") is None
    assert store.clean_abandoned(3600) == 0
    assert store.clean_abandoned(0) == 1
    assert store.clean_abandoned(0) == 0
    assert store.create("shards/half", b"whole")


def test_fetch_streams_a_file_to_disk(store: Store, small_parts: int, tmp_path: Path) -> None:
    content = os.urandom(11 * MIB)
    with store.upload("clip") as upload:
        upload.write(content)
        upload.commit()
    store.fetch("clip", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["copy"]
    local = store.local_path("clip")
    assert (local is None) == store.uri.startswith("s3://")
    assert local is None or local.read_bytes() == content


def test_move_renames_and_replaces(store: Store) -> None:
    store.put("a b/ä", b"1")
    store.put("c", b"old")
    store.move("a b/ä", "c")
    assert names(store) == ["c"]
    assert store.read("c") == b"1"
    store.move("c", "c")
    assert store.read("c") == b"1"
    store.move("c", "deep/er/c")
    assert names(store) == ["deep/er/c"]


def test_a_large_file_moves_in_parts(store: Store, small_parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "COPY_PART_BYTES", 5 * MIB)
    content = os.urandom(11 * MIB)
    with store.upload("a") as upload:
        upload.write(content)
        upload.commit()
    store.move("a", "b")
    assert names(store) == ["b"]
    assert store.read("b") == content


def test_deletes(store: Store) -> None:
    for name in ("runs/r1/a", "runs/r1/b/ c&d", "runs/r10/a", "runs.json"):
        store.put(name, b"1")
    store.delete_prefix("runs/r1/")
    assert names(store) == ["runs.json", "runs/r10/a"]
    store.delete_prefix("runs")
    assert names(store) == []
    store.put("a", b"1")
    store.delete("a")
    assert store.stat("a") is None
    with pytest.raises(ValueError, match="whole root"):
        store.delete_prefix("")


def test_the_probe_says_what_is_promised_and_leaves_nothing(store: Store) -> None:
    promises = store.probe()
    assert promises.problems() == []
    assert promises.create_only() == "the store refuses a second writer"
    assert (promises.free_bytes or 0) > 0 or store.uri.startswith("s3://")
    assert names(store) == []
    assert store.clean_abandoned(0) == 0


def test_a_root_that_must_exist(uri: str) -> None:
    with pytest.raises(BadConfig, match="ROOT_MISSING"):
        open_store(uri, must_exist=True)
    store = open_store(uri)
    assert names(store) == []
    store.put("a", b"1")
    assert names(open_store(uri, must_exist=True)) == ["a"]


def test_roots_nest(uri: str) -> None:
    outer, inner = open_store(uri), open_store(join_uri(uri, ".visemill"))
    inner.put("runs/r1/run.json", b"{}")
    assert names(outer) == [".visemill/runs/r1/run.json"]
    assert names(inner, "runs/") == ["runs/r1/run.json"]


def test_threads_share_a_store(store: Store) -> None:
    def work(number: int) -> None:
        for turn in range(5):
            store.put(f"t{number}/{turn}", b"%d" % number)
            assert store.read(f"t{number}/{turn}") == b"%d" % number

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(store)) == 40
