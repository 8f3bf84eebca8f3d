"""Files of a shard: four a clip, whole ones, one clip after another."""

import pytest

from services.base.stage.product import ProductFile
from services.records.tts.names import FILES
from services.records.tts.spec import TtsFilesConfig
from services.records.tts.writer import open_writer


def product(word=b"x"):
    for name in FILES:
        yield ProductFile(name, (name.encode(), word))


def broken():
    yield ProductFile(FILES[0], (b"1",))
    raise OSError("gone")


def test_each_file_of_a_clip_is_an_output_in_the_folder_of_its_feature(folder, clip):
    writer = open_writer(TtsFilesConfig(), 0, 4, folder.create)
    writer.add(clip("b"), product())
    writer.add(clip("spk/a", "spk/a-0123456789abcdef"), product())
    names = sorted(
        f"{kind}/{stem}.npy"
        for kind in ("text_ids", "codes", "condition", "emo_vec")
        for stem in ("b", "spk/a-0123456789abcdef")
    )
    assert [(file.name, file.num_records) for file in writer.close()] == [(name, 1) for name in names]
    assert sorted(folder.closed) == names
    assert folder.closed["codes/b.npy"] == b"codes.npyx"


def test_of_a_clip_that_fails_nothing_is_left(folder, clip):
    writer = open_writer(TtsFilesConfig(), 0, 4, folder.create)
    with pytest.raises(OSError, match="gone"):
        writer.add(clip("a"), broken())
    assert folder.closed == {}
    writer.add(clip("a"), product(b"again"))
    assert len(writer.close()) == 4
    assert folder.closed["text_ids/a.npy"] == b"text_ids.npyagain"


def test_a_shard_out_of_range_is_refused(folder):
    with pytest.raises(ValueError, match=r"shard must be 0\.\.3"):
        open_writer(TtsFilesConfig(), 4, 4, folder.create)
