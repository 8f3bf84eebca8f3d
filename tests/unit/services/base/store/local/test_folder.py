"""A store in a local folder: what only a disk has, links, FIFOs, locks and full file systems."""

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadConfig, BadInput, Transient
from services.base.store.interface import TEMP_PREFIX, Entry, NotThere, check_name, is_name
from services.base.store.local.folder import LocalFolder
from services.base.store.open import join_uri, open_store


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def store(root: Path) -> LocalFolder:
    return LocalFolder(root)


def kinds(store: LocalFolder, **how: bool) -> dict[str, str]:
    return {entry.name: entry.kind for entry in store.list(**how)}


def temp_files(root: Path) -> list[Path]:
    return list(root.rglob(f"{TEMP_PREFIX}*"))


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\0", "a\udcff", f"a/{TEMP_PREFIX}x"])
def test_a_name_that_could_escape_or_confuse_is_refused(store: LocalFolder, name: str) -> None:
    for call in (store.stat, store.read, store.delete, store.local_path, store.upload):
        with pytest.raises(BadInput, match="BAD_NAME"):
            call(name)


@given(st.text())
def test_a_name_is_taken_exactly_when_it_stays_below_the_root(name: str) -> None:
    segments = name.split("/")
    stays = not any(s in ("", ".", "..") or s.startswith(TEMP_PREFIX) for s in segments)
    assert is_name(name) == (stays and "\0" not in name and not any(0xD800 <= ord(c) < 0xE000 for c in name))


def test_spaces_umlauts_and_backslashes_are_names(store: LocalFolder) -> None:
    name = check_name("s 1/Grüße \\ 'x'.mpg")
    store.put(name, b"x")
    assert [entry.name for entry in store.list()] == [name]


@given(
    st.sets(
        st.lists(
            st.sampled_from(["a", "b", "a-", "a!", "ab", "é", "z", "\U0001f600", "\uffff"]), min_size=1, max_size=3
        ).map("/".join)
    )
)
def test_a_listing_is_in_the_byte_order_of_names(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    store = LocalFolder(tmp_path_factory.mktemp("order"))
    wanted = sorted((n for n in names if not any(o.startswith(n + "/") for o in names)), key=str.encode)
    for name in wanted:
        store.put(name, b"")
    assert [entry.name for entry in store.list()] == wanted


def test_a_directory_is_listed_on_request_right_before_its_files(store: LocalFolder, root: Path) -> None:
    for name in ("a/x", "a-b", "c"):
        store.put(name, b"1")
    (root / "clip.mpg").mkdir()
    listed = [(entry.name, entry.kind) for entry in store.list(directories=True)]
    assert listed == [
        ("a-b", "file"),
        ("a", "directory"),
        ("a/x", "file"),
        ("c", "file"),
        ("clip.mpg", "directory"),
    ]


def test_a_symlink_out_of_the_root_is_named_and_not_followed(store: LocalFolder, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    (tmp_path / "far").mkdir()
    (tmp_path / "far/clip").write_bytes(b"c")
    (root / "file").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path / "far")
    assert kinds(store) == {"file": "outside", "folder": "outside"}
    assert store.stat("file") == Entry("file", 0, "", "outside")
    assert store.stat("folder/clip") == Entry("folder/clip", 0, "", "outside")
    assert list(store.list("folder/")) == []
    for name in ("file", "folder/clip"):
        assert store.local_path(name) is None
        with pytest.raises(BadInput, match="OUTSIDE_ROOT"):
            store.read(name)
        with pytest.raises(BadInput, match="OUTSIDE_ROOT"):
            store.fetch(name, tmp_path / "copy")
    with pytest.raises(BadConfig, match="OUTSIDE_ROOT"):
        store.put("folder/new", b"x")
    with pytest.raises(BadConfig, match="OUTSIDE_ROOT"):
        store.delete("folder/clip")


def test_links_out_of_the_root_are_followed_where_allowed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/clip").write_bytes(b"c")
    (root / "folder").symlink_to(tmp_path / "far")
    store = LocalFolder(root, follow_links=True)
    assert kinds(store) == {"folder/clip": "file"}
    assert store.read("folder/clip") == b"c"


def test_links_inside_the_root_are_read_and_loops_end(store: LocalFolder, root: Path) -> None:
    store.put("raw/s1/a", b"1")
    (root / "s1").symlink_to("raw/s1")
    (root / "b").symlink_to("raw/s1/a")
    (root / "raw/s1/up").symlink_to("..")
    (root / "raw/self").symlink_to("self")
    (root / "gone").symlink_to("raw/nothing")
    assert kinds(store) == {
        "b": "file",
        "gone": "other",
        "raw/s1/a": "file",
        "raw/s1/up": "other",
        "raw/self": "other",
        "s1/a": "file",
        "s1/up/self": "other",
        "s1/up/s1": "other",
    }
    assert store.read("s1/a") == b"1"
    with pytest.raises(NotThere):
        store.read("gone")


def test_the_root_itself_may_be_a_symlink(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    store = LocalFolder(tmp_path / "link")
    store.put("a/b", b"1")
    assert kinds(store) == {"a/b": "file"}


def test_fifos_and_directories_are_answered_not_waited_for(store: LocalFolder, root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "pipe.mpg")
    (root / "clip.mpg").mkdir()
    assert kinds(store) == {"pipe.mpg": "other"}
    assert kinds(store, directories=True)["clip.mpg"] == "directory"
    for name in ("pipe.mpg", "clip.mpg"):
        with pytest.raises(BadInput, match="NOT_A_FILE"):
            store.read(name)
        assert store.local_path(name) is None


def test_a_name_that_is_not_utf8_is_shown_escaped(store: LocalFolder, root: Path) -> None:
    (Path(os.fsdecode(os.fsencode(root) + b"/gr\xfcn.mpg"))).write_bytes(b"x")
    assert list(store.list()) == [Entry("gr\\xfcn.mpg", 0, "", "other")]


def test_the_version_changes_with_the_content(store: LocalFolder, root: Path) -> None:
    store.put("a", b"1")
    before = store.stat("a")
    os.utime(root / "a", ns=(0, 1))
    assert before
    assert store.stat("a") == Entry("a", 1, "1") != before


def test_of_racing_creators_one_wins(store: LocalFolder, root: Path) -> None:
    uploads = [store.upload("done.json") for _ in range(8)]
    for number, upload in enumerate(uploads):
        upload.write(b"%d" % number)
    won: list[int] = []
    start = threading.Barrier(len(uploads))

    def race(number: int) -> None:
        start.wait()
        if uploads[number].commit(create_only=True):
            won.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(len(uploads))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.read("done.json") == b"%d" % won[0]
    assert temp_files(root) == []


def test_create_only_holds_without_hard_links(store: LocalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(source: Path, target: Path) -> None:
        raise OSError(errno.EOPNOTSUPP, "no links here")

    monkeypatch.setattr("services.base.store.local.upload.os.link", no_links)
    with store.upload("a") as late:
        late.write(b"late")
        assert store.create("a", b"first")
        assert not late.commit(create_only=True)
    assert store.read("a") == b"first"
    assert kinds(store) == {"a": "file"}


def test_an_upload_that_is_left_or_fails_leaves_nothing(store: LocalFolder, root: Path) -> None:
    with store.upload("a/b") as upload:
        upload.write(b"half")
        assert kinds(store) == {}
    with pytest.raises(ZeroDivisionError), store.upload("a/b") as upload:
        upload.write(b"half")
        _ = 1 / 0
    assert temp_files(root) == []
    with pytest.raises(ValueError, match="has ended"):
        upload.write(b"more")


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [
        (errno.ENOSPC, BadConfig, "DISK_FULL"),
        (errno.EDQUOT, BadConfig, "DISK_FULL"),
        (errno.EACCES, BadConfig, "NOT_WRITABLE"),
        (errno.EROFS, BadConfig, "NOT_WRITABLE"),
        (errno.EIO, Transient, "STORE_FAILED"),
        (errno.ENAMETOOLONG, BadInput, "BAD_NAME"),
        (errno.ENOTDIR, BadConfig, "NOT_A_FOLDER"),
    ],
)
def test_what_a_disk_says_becomes_one_of_the_four_answers(
    store: LocalFolder, root: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception], reason: str
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("services.base.store.local.upload.os.fsync", fail)
    with pytest.raises(kind, match=reason):
        store.put("a", b"x")
    assert temp_files(root) == []
    assert store.stat("a") is None


def test_an_unknown_disk_error_stays_what_it_is(store: LocalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EXFULL, "odd")

    monkeypatch.setattr("services.base.store.local.upload.os.fsync", fail)
    with pytest.raises(OSError, match="odd"):
        store.put("a", b"x")


def test_a_file_where_a_folder_must_be_is_named(store: LocalFolder) -> None:
    store.put("a", b"x")
    with pytest.raises(BadConfig, match="NOT_A_FOLDER"):
        store.put("a/b/c", b"x")
    with pytest.raises(NotThere):
        store.read("a/b")
    assert store.stat("a/b") is None


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here")
def test_a_root_whose_file_system_makes_no_folders_is_refused_as_a_setting():
    with pytest.raises(BadConfig, match="NOT_WRITABLE"):
        LocalFolder(Path("/proc/nowhere")).put("a", b"1")


def test_abandoned_files_go_and_living_writers_stay(store: LocalFolder, root: Path) -> None:
    (root / "deep").mkdir()
    dead = root / "deep" / f"{TEMP_PREFIX}0123"
    dead.write_bytes(b"half")
    os.utime(dead, (1, 1))
    young = root / f"{TEMP_PREFIX}4567"
    young.write_bytes(b"half")
    with store.upload("a") as upload:
        assert store.clean_abandoned(3600) == 1
        assert not dead.exists()
        assert store.clean_abandoned(0) == 1
        assert not young.exists()
        assert upload.commit()
    assert store.read("a") == b""


def test_a_missing_root_is_an_error_only_where_it_must_exist(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="ROOT_MISSING"):
        open_store(tmp_path / "no", must_exist=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadConfig, match="not a folder"):
        open_store(tmp_path / "file")
    store = open_store(tmp_path / "no")
    assert list(store.list()) == []
    assert store.stat("a") is None
    store.put("a", b"1")
    assert (tmp_path / "no/a").read_bytes() == b"1"


def test_uris(tmp_path: Path) -> None:
    assert open_store(f"file://{tmp_path}/a%20b").uri == f"{tmp_path}/a b"
    assert join_uri("s3://bucket/out/", ".visemill", "runs") == "s3://bucket/out/.visemill/runs"
    for uri in ("gs://bucket/x", "file://", ""):
        with pytest.raises(BadConfig, match="BAD_URI"):
            open_store(uri)


def test_delete_prefix_follows_no_link_and_never_takes_the_whole_root(
    store: LocalFolder, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/keep").write_bytes(b"k")
    store.put("runs/r1/a", b"1")
    (root / "runs/r1/far").symlink_to(tmp_path / "far")
    (root / "far").symlink_to(tmp_path / "far")
    store.delete_prefix("runs/r1/")
    assert (tmp_path / "far/keep").exists()
    assert not (root / "runs/r1").exists()
    with pytest.raises(BadConfig, match="OUTSIDE_ROOT"):
        store.delete_prefix("far/")
    with pytest.raises(ValueError, match="whole root"):
        store.delete_prefix("")


def test_errors_cross_a_process_boundary() -> None:
    import copy

    error = copy.copy(NotThere("a", "root"))
    assert (error.name, error.uri, error.reason) == ("a", "root", "NOT_THERE")
