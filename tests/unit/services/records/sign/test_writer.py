"""Files of a shard: whole ones, one clip after another, under the names that planning gave."""

import pytest

from services.base.media.clip import Clip
from services.base.stage.product import Product
from services.records.sign.files.npz import decode_npz, encode_npz
from services.records.sign.files.parquet import decode_table
from services.records.sign.spec import SignFilesConfig
from services.records.sign.stage import ClipFacts, build_meta
from services.records.sign.writer import open_writer


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
                folder.aborted.append(name)

        return Sink()


def product(keypoints, num_frames=4):
    points = keypoints(num_frames)
    arrays = {
        "X": points.xy_TNC.reshape(num_frames, 156),
        "mask": points.present_TN,
        "timestamps_ms": (points.pts_s_T * 1000).astype("int64"),
    }
    return Product(encode_npz(arrays, build_meta(SignFilesConfig(), ClipFacts("a.mp4", 1, 1, 30.0))))


def clip(name):
    return Clip(f"folder/{name}.mp4", name, "", f"folder/{name}.mp4")


def test_each_clip_has_its_npz_and_its_table(keypoints):
    folder, made = Folder(), product(keypoints)
    writer = open_writer(SignFilesConfig(), 0, 4, folder.create)
    writer.add(clip("b"), made)
    writer.add(clip("a"), made)
    names = ["a.npz", "a.parquet", "b.npz", "b.parquet"]
    assert [(file.name, file.num_records) for file in writer.close()] == [(name, 1) for name in names]
    assert sorted(folder.closed) == names
    assert folder.closed["a.npz"] == made.payload
    assert decode_table(folder.closed["a.parquet"]).num_rows == len(decode_npz(made.payload)["X"])


@pytest.mark.parametrize("config", [SignFilesConfig(parquet=False), SignFilesConfig(keypoints=False, features=True)])
def test_no_table_without_keypoints_or_when_it_is_not_wanted(keypoints, config):
    folder = Folder()
    writer = open_writer(config, 0, 1, folder.create)
    writer.add(clip("a"), product(keypoints))
    assert [file.name for file in writer.close()] == ["a.npz"]


def test_an_empty_shard_writes_nothing():
    assert open_writer(SignFilesConfig(), 1, 4, Folder().create).close() == []


def test_a_name_is_written_once(keypoints):
    writer = open_writer(SignFilesConfig(), 0, 1, Folder().create)
    writer.add(clip("a"), product(keypoints))
    with pytest.raises(ValueError, match="written before"):
        writer.add(clip("a"), product(keypoints))


def test_a_file_that_fails_is_aborted(keypoints):
    folder = Folder(fail="a.parquet")
    with pytest.raises(OSError, match="no space"):
        open_writer(SignFilesConfig(), 0, 1, folder.create).add(clip("a"), product(keypoints))
    assert folder.aborted == ["a.parquet"]


def test_nothing_is_added_after_the_end(keypoints):
    writer = open_writer(SignFilesConfig(), 0, 1, Folder().create)
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.add(clip("a"), product(keypoints))
    with pytest.raises(ValueError, match="shard"):
        open_writer(SignFilesConfig(), 4, 4, Folder().create)
