"""Files of a shard: whole ones, one clip after another, under the names that planning gave."""

import pytest

from services.base.media.clip import Clip
from services.base.stage.product import ProductFile
from services.records.sign.spec import NPZ_FILE, PARQUET_FILE, SignFilesConfig
from services.records.sign.writer import open_writer, output_name


class Folder:
    """Sinks that keep what was closed."""

    def __init__(self, fail: str = "") -> None:
        self.closed: dict[str, bytes] = {}
        self.aborted: list[str] = []
        self.fail = fail

    def create(self, name):
        folder = self

        class Sink:
            data = b""

            def write(self, data):
                if name == folder.fail:
                    raise OSError("no space")
                self.data += data

            def close(self):
                folder.closed[name] = self.data

            def abort(self):
                folder.closed.pop(name, None)
                folder.aborted.append(name)

        return Sink()


def product():
    yield ProductFile(NPZ_FILE, (b"np", b"z"))
    yield ProductFile(PARQUET_FILE, (b"table",))


def clip(name):
    return Clip(f"folder/{name}.mp4", name, "", f"folder/{name}.mp4")


def test_each_file_of_a_clip_is_an_output_of_its_ending():
    folder = Folder()
    writer = open_writer(SignFilesConfig(), 0, 4, folder.create)
    writer.add(clip("b"), product())
    writer.add(clip("a"), product())
    names = ["a.npz", "a.parquet", "b.npz", "b.parquet"]
    assert [(file.name, file.num_records) for file in writer.close()] == [(name, 1) for name in names]
    assert folder.closed == {name: b"npz" if name.endswith("npz") else b"table" for name in names}
    with pytest.raises(KeyError):
        output_name("a", "clip.txt")


def test_an_empty_shard_writes_nothing():
    assert open_writer(SignFilesConfig(), 1, 4, Folder().create).close() == []


def test_a_name_is_written_once():
    folder = Folder()
    writer = open_writer(SignFilesConfig(), 0, 1, folder.create)
    writer.add(clip("a"), product())
    with pytest.raises(ValueError, match="written before"):
        writer.add(clip("a"), product())
    assert sorted(folder.closed) == ["a.npz", "a.parquet"]


def test_of_a_clip_one_of_whose_files_fails_nothing_is_left():
    folder = Folder(fail="a.parquet")
    writer = open_writer(SignFilesConfig(), 0, 1, folder.create)
    with pytest.raises(OSError, match="no space"):
        writer.add(clip("a"), product())
    assert folder.aborted == ["a.parquet", "a.npz"] and folder.closed == {}
    assert writer.close() == []


def test_nothing_is_added_after_the_end():
    writer = open_writer(SignFilesConfig(), 0, 1, Folder().create)
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.add(clip("a"), product())
    with pytest.raises(ValueError, match="shard"):
        open_writer(SignFilesConfig(), 4, 4, Folder().create)
