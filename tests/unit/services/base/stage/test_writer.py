"""A folder of files a clip: each an output of its own, and of a clip that fails none."""

import pytest

from services.base.media.clip import Clip
from services.base.stage.product import ProductFile
from services.base.stage.writer import FilesWriter, WrittenFile


class Folder:
    """Sinks as the worker's are: what is closed is there, until it is aborted."""

    def __init__(self):
        self.files = {}
        self.num_open = 0

    def create(self, name):
        folder, data = self, bytearray()
        folder.num_open += 1

        class Sink:
            is_open = True

            def write(self, piece):
                data.extend(piece)

            def close(self):
                folder.num_open -= 1
                self.is_open = False
                folder.files[name] = bytes(data)

            def abort(self):
                folder.num_open -= self.is_open
                self.is_open = False
                folder.files.pop(name, None)

        return Sink()


def clip(name):
    return Clip(f"in/{name}.mp4", name, "", f"in/{name}.mp4")


def tree(num_frames, fail_at=-1):
    for i in range(num_frames):
        if i == fail_at:
            raise ValueError("the clip is torn")
        yield ProductFile(f"frames/{i}.jpg", (b"jpeg", str(i).encode()), "image/jpeg")
    yield ProductFile("aud.npy", (b"npy",))


@pytest.fixture
def folder():
    return Folder()


@pytest.fixture
def writer(folder):
    return FilesWriter(folder.create, lambda clip, name: f"{clip.utterance_id}/{name}")


def test_a_folder_of_files_is_made_of_each_clip(folder, writer):
    writer.add(clip("b"), tree(2))
    writer.add(clip("a"), tree(1))
    assert folder.files == {
        "b/frames/0.jpg": b"jpeg0",
        "b/frames/1.jpg": b"jpeg1",
        "b/aud.npy": b"npy",
        "a/frames/0.jpg": b"jpeg0",
        "a/aud.npy": b"npy",
    }
    assert writer.close() == [WrittenFile(name, 1) for name in sorted(folder.files)]


@pytest.mark.parametrize("fail_at", [0, 1, 2])
def test_of_a_clip_that_fails_nothing_is_left_and_it_can_be_added_again(folder, writer, fail_at):
    writer.add(clip("a"), tree(1))
    before = dict(folder.files)
    with pytest.raises(ValueError, match="torn"):
        writer.add(clip("b"), tree(3, fail_at))
    assert folder.files == before and folder.num_open == 0
    writer.add(clip("b"), tree(3))
    assert len(writer.close()) == len(folder.files) == 2 + 4


def test_one_file_is_open_at_a_time(folder, writer):
    most = 0

    def watched():
        nonlocal most
        for file in tree(3):
            yield file
            most = max(most, folder.num_open)

    writer.add(clip("a"), watched())
    assert most == 0 and folder.num_open == 0


def test_a_name_is_written_once_also_within_a_clip(folder, writer):
    writer.add(clip("a"), tree(1))
    with pytest.raises(ValueError, match=r"a/frames/0\.jpg was written before"):
        writer.add(clip("a"), tree(1))
    twice = [ProductFile.of("same", b"1"), ProductFile.of("same", b"2")]
    with pytest.raises(ValueError, match="b/same was written before"):
        writer.add(clip("b"), twice)
    assert sorted(folder.files) == ["a/aud.npy", "a/frames/0.jpg"]


def test_nothing_is_added_after_the_end(writer):
    writer.abort()
    with pytest.raises(ValueError, match="closed"):
        writer.add(clip("a"), tree(1))
