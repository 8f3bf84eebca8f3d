import io
import subprocess
import sys
from collections.abc import Iterator

import pytest

from services.base.errors import BadInput
from services.base.media.clip import Clip
from services.base.stage.product import ProductFile
from services.base.stage.writer import WrittenFile
from services.formats.tfrecord import read_records
from services.records.record_shard import open_record_shard


class Sink:
    def __init__(self, fails: bool = False) -> None:
        self.data = bytearray()
        self.ended: list[str] = []
        self._fails = fails

    def write(self, data: bytes, /) -> object:
        self.data += data
        return len(data)

    def close(self) -> None:
        if self._fails:
            raise OSError("no space")
        self.ended.append("closed")

    def abort(self) -> None:
        self.ended.append("aborted")


@pytest.fixture
def sinks() -> dict[str, Sink]:
    return {}


def clip(split: str, stem: str = "a") -> Clip:
    return Clip(f"s1/{stem}", stem, "s1", f"s1/{stem}.mpg", split)


def record(*pieces: bytes) -> Iterator[ProductFile]:
    yield ProductFile("example.pb", pieces)


def test_all_three_files_are_made_and_records_go_to_their_split_in_order(sinks) -> None:
    writer = open_record_shard(7, 64, lambda name: sinks.setdefault(name, Sink()))
    for split, payload in (("train", b"1"), ("test", b"2"), ("train", b"3")):
        writer.add(clip(split), record(payload))
    assert writer.close() == [
        WrittenFile("test-00007-of-00064.tfrecord", 1),
        WrittenFile("train-00007-of-00064.tfrecord", 2),
        WrittenFile("val-00007-of-00064.tfrecord", 0),
    ]
    read = {name: list(read_records(io.BytesIO(bytes(sink.data)))) for name, sink in sinks.items()}
    assert read == {
        "train-00007-of-00064.tfrecord": [b"1", b"3"],
        "val-00007-of-00064.tfrecord": [],
        "test-00007-of-00064.tfrecord": [b"2"],
    }
    assert all(sink.ended == ["closed"] for sink in sinks.values())


def test_abort_aborts_all_and_nothing_can_be_added(sinks) -> None:
    writer = open_record_shard(0, 1, lambda name: sinks.setdefault(name, Sink()))
    writer.abort()
    writer.abort()
    assert [sink.ended for sink in sinks.values()] == [["aborted"]] * 3
    with pytest.raises(ValueError, match="closed"):
        writer.add(clip("train"), record(b"1"))


def test_abort_after_close_does_nothing(sinks) -> None:
    writer = open_record_shard(0, 1, lambda name: sinks.setdefault(name, Sink()))
    writer.close()
    writer.abort()
    assert [sink.ended for sink in sinks.values()] == [["closed"]] * 3


def test_when_a_file_cannot_be_closed_the_ones_still_open_are_aborted(sinks) -> None:
    writer = open_record_shard(0, 1, lambda name: sinks.setdefault(name, Sink(fails="val" in name)))
    with pytest.raises(OSError, match="no space"):
        writer.close()
    writer.abort()
    assert [sink.ended for sink in sinks.values()] == [["closed"], ["aborted"], ["aborted"]]


def test_when_a_file_cannot_be_made_the_others_are_aborted(sinks) -> None:
    def create(name: str) -> Sink:
        if name.startswith("test"):
            raise OSError("denied")
        return sinks.setdefault(name, Sink())

    with pytest.raises(OSError, match="denied"):
        open_record_shard(0, 1, create)
    assert [sink.ended for sink in sinks.values()] == [["aborted"]] * 2


def test_a_clip_of_no_split_is_refused(sinks) -> None:
    writer = open_record_shard(0, 1, lambda name: sinks.setdefault(name, Sink()))
    with pytest.raises(ValueError, match=r"'skip'.*train, val, test"):
        writer.add(clip("skip"), record(b"1"))


@pytest.mark.parametrize("shard", [-1, 2])
def test_a_shard_out_of_range_is_refused(sinks, shard: int) -> None:
    with pytest.raises(ValueError, match=r"0\.\.1"):
        open_record_shard(shard, 2, lambda name: sinks.setdefault(name, Sink()))


def test_whoever_imports_the_writer_gets_no_media_library() -> None:
    code = (
        "import sys, services.records.grid.writer, services.records.lips.writer, services.records.grid.meta;"
        "sys.exit(bool({'cv2', 'av', 'dlib', 'mediapipe', 'tensorflow', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_record_is_written_once_it_is_whole_and_a_clip_that_fails_leaves_nothing_of_it(sinks) -> None:
    large = [bytes([i]) * (1 << 20) for i in range(6)]

    def failing() -> Iterator[bytes]:
        yield from large
        assert not sinks["train-00000-of-00001.tfrecord"].data
        raise BadInput("TORN", "the clip ends here")

    writer = open_record_shard(0, 1, lambda name: sinks.setdefault(name, Sink()))
    with pytest.raises(BadInput, match="TORN"):
        writer.add(clip("train"), iter([ProductFile("example.pb", failing())]))
    assert not sinks["train-00000-of-00001.tfrecord"].data
    writer.add(clip("train"), record(*large))
    assert [file.num_records for file in writer.close()] == [0, 1, 0]
    data = bytes(sinks["train-00000-of-00001.tfrecord"].data)
    assert list(read_records(io.BytesIO(data))) == [b"".join(large)]


@pytest.mark.parametrize("num_files", [0, 2])
def test_a_record_is_made_of_one_file(sinks, num_files: int) -> None:
    writer = open_record_shard(0, 1, lambda name: sinks.setdefault(name, Sink()))
    with pytest.raises(ValueError, match=f"one file, not of {num_files}"):
        writer.add(clip("train"), [ProductFile.of(str(i), b"1") for i in range(num_files)])
