"""Making the index: what is read of each record, what is damaged, and that it is made once."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from grid_records import MadeClip, write_shards

from services.base.errors import Transient
from services.base.store.open import open_store
from services.formats.example import encode_example
from services.formats.tfrecord import write_record
from services.training.data.records.clip_index import ClipIndex
from services.training.data.records.indexing import index_name, open_index, wait_for_index
from services.training.data.records.shards import Shard, shards_of

CLIPS = [MadeClip("s1", f"clip{i}", "bin at", 10 - i) for i in range(3)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_shards(tmp_path / "out", {"train": [CLIPS[:2], []], "val": [CLIPS[2:]]})
    return tmp_path / "out"


def shards(root: Path) -> tuple[Shard, ...]:
    return shards_of(open_store(root).list(), str(root))


def index_of(root: Path) -> ClipIndex:
    return open_index(open_store(root), shards(root), open_store(root.parent / "state"), root.parent / "cache")


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(bytes(data))


def test_each_clip_is_found_with_what_is_known_of_it(root: Path) -> None:
    index = index_of(root)
    assert index.texts("utterance_id") == ["clip0", "clip1", "clip2"]
    assert (index.file_N.tolist(), index.position_N.tolist()) == ([0, 0, 2], [0, 1, 0])
    assert index.num_frames_N.tolist() == [10, 9, 8]
    assert index.labels()[0] == [1, 8, 13, 26, 0, 19]
    assert index.contents()[0] == hashlib.sha256(CLIPS[0].frames_THWC().tobytes()).digest()[:16]
    data = (root / index.files[0].name).read_bytes()
    frames_bytes = CLIPS[1].frames_THWC().tobytes()
    assert data[int(index.frames_at_N[1]) :][: len(frames_bytes)] == frames_bytes
    assert [file.num_records for file in index.files] == [2, 0, 1]
    assert index.files[0].sha256 == hashlib.sha256(data).hexdigest()


def test_it_is_made_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index_of(root)
    for shard in shards(root):
        (root / shard.name).chmod(0)
    monkeypatch.setattr("services.training.data.records.indexing.find_records", None)
    assert len(index_of(root)) == 3


def test_an_index_that_is_damaged_is_made_anew(root: Path) -> None:
    index_of(root)
    path = root.parent / "state" / index_name(shards(root))
    path.write_bytes(path.read_bytes()[:100])
    assert len(index_of(root)) == 3


def waited_for(root: Path, limit_s: float) -> ClipIndex:
    state = open_store(root.parent / "state")
    return wait_for_index(open_store(root), shards(root), state, root.parent / "cache", limit_s=limit_s, poll_s=0.01)


@pytest.mark.parametrize("before", ["none", "damaged"])
def test_who_does_not_make_it_waits_for_who_does(root: Path, before: str) -> None:
    if before == "damaged":
        index_of(root)
        path = root.parent / "state" / index_name(shards(root))
        path.write_bytes(path.read_bytes()[:100])
    with ThreadPoolExecutor(2) as threads:
        others = [threads.submit(waited_for, root, 60.0) for _ in range(2)]
        assert not any(other.done() for other in others)
        made = index_of(root)
        assert [other.result().digest for other in others] == [made.digest] * 2


def test_an_index_that_nobody_makes_is_not_waited_for_forever(root: Path) -> None:
    with pytest.raises(Transient, match="see the log of rank 0") as caught:
        waited_for(root, 0.05)
    assert caught.value.reason == "INDEX_MISSING"
    assert not (root.parent / "state" / "indexes").exists(), "who waits makes none"


def test_files_of_another_time_have_another_index_of_the_same_digest(root: Path) -> None:
    before, name = index_of(root).digest, index_name(shards(root))
    data = (root / "val-00000-of-00001.tfrecord").read_bytes()
    (root / "val-00000-of-00001.tfrecord").unlink()
    (root / "val-00000-of-00001.tfrecord").write_bytes(data)
    assert index_name(shards(root)) != name
    assert index_of(root).digest == before


def test_a_damaged_record_costs_itself(root: Path) -> None:
    flip(root / "train-00000-of-00002.tfrecord", 300)
    index = index_of(root)
    assert index.texts("utterance_id") == ["clip1", "clip2"]
    (damage,) = index.damages
    assert (damage.file, damage.position, damage.reason, damage.ends_file) == (0, 0, "CORRUPT_RECORD", False)
    assert "train-00000-of-00002" in damage.message


def test_a_file_that_was_cut_loses_its_tail(root: Path) -> None:
    path = root / "train-00000-of-00002.tfrecord"
    path.write_bytes(path.read_bytes()[:-1])
    index = index_of(root)
    assert index.texts("utterance_id") == ["clip0", "clip2"]
    assert [(d.position, d.reason, d.ends_file) for d in index.damages] == [(1, "TORN_RECORD", True)]
    assert index.files[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"no example", id="no example"),
        pytest.param(encode_example({"image": b"x"}), id="another example"),
        pytest.param(encode_example({"frames": b"x", "t": 1, "h": 1, "w": 1, "c": 3}), id="fewer bytes than frames"),
        pytest.param(MadeClip("s1", "x", labels=(1, 2), num_frames=99).record(), id="more frames than there are"),
    ],
)
def test_a_record_of_something_else_is_damaged_too(root: Path, payload: bytes) -> None:
    with (root / "train-00001-of-00002.tfrecord").open("wb") as file:
        write_record(file, payload)
    index = index_of(root)
    assert [(d.file, d.reason) for d in index.damages] == [(1, "BAD_EXAMPLE")]
    assert len(index) == 3


def test_each_record_may_be_kept_on_the_way(root: Path) -> None:
    kept: dict[tuple[str, int], int] = {}
    index = open_index(
        open_store(root), shards(root), open_store(root.parent / "state"), root.parent / "cache",
        lambda file, offset, payload: kept.update({(file, offset): len(payload)}),
    )  # fmt: skip
    places = zip(index.file_N.tolist(), index.payload_at_N.tolist(), index.payload_bytes_N.tolist(), strict=True)
    assert kept == {(index.files[file].name, offset): size for file, offset, size in places}
