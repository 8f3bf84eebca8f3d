"""Files of a shard: those of a person's folder by their own names."""

import pytest

from services.base.media.clip import Clip
from services.base.stage.product import ProductFile
from services.records.talker.spec import TalkerFilesConfig
from services.records.talker.writer import open_writer

CLIP = Clip("anna", "anna", "anna", "anna.mp4")


class Sink:
    def __init__(self, folder: dict[str, bytes], name: str) -> None:
        self.folder, self.name, self.data = folder, name, b""

    def write(self, data) -> None:
        self.data += data

    def close(self) -> None:
        self.folder[self.name] = self.data

    def abort(self) -> None:
        self.folder.pop(self.name, None)


def test_each_file_is_an_output_and_those_of_a_clip_that_fails_are_none() -> None:
    folder: dict[str, bytes] = {}
    writer = open_writer(TalkerFilesConfig(), 0, 1, lambda name: Sink(folder, name))

    def failing():
        yield ProductFile("full_body_img/000000.png", (b"p", b"ng"))
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        writer.add(CLIP, failing())
    assert folder == {}
    writer.add(CLIP, [ProductFile("full_body_img/000000.png", (b"p", b"ng")), ProductFile("aud.wav", (b"wav",))])
    assert folder == {"full_body_img/000000.png": b"png", "aud.wav": b"wav"}
    assert [file.name for file in writer.close()] == ["aud.wav", "full_body_img/000000.png"]


@pytest.mark.parametrize("shard", [-1, 1])
def test_a_shard_out_of_range_is_refused(shard: int) -> None:
    with pytest.raises(ValueError, match="shard must be 0"):
        open_writer(TalkerFilesConfig(), shard, 1, lambda name: Sink({}, name))
