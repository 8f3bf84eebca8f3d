"""Files of a shard: four a clip, whole ones, one clip after another, or an Arrow file of them all."""

import io
import itertools
import subprocess
import sys

import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.stage.product import ProductFile
from services.formats.npy import encode_npy
from services.records.tts.arrow import ROWS_A_BATCH, read_rows
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


# An Arrow file for each shard


def arrays_of(features, text, seed):
    made = features(5 + seed, seed)
    return {
        "text_ids": text(2 + seed).ids_N,
        "codes": made.codes_L,
        "condition": made.condition_KD,
        "emo_vec": made.emo_vec_D,
    }


def files_of(arrays):
    for name, array in arrays.items():
        data = encode_npy(array)
        yield ProductFile(f"{name}.npy", (data[:50], memoryview(data)[50:]))


def then_fails(files):
    yield from files
    raise OSError("gone")


@pytest.fixture
def made(features, text):
    return lambda seed: arrays_of(features, text, seed)


@pytest.mark.parametrize("storage", ["arrow", "both"])
def test_a_shard_is_one_arrow_file_with_a_row_a_clip_in_the_order_of_the_calls(folder, clip, made, storage):
    writer = open_writer(TtsFilesConfig(storage=storage), 1, 4, folder.create)
    keys = ["b", "ሰላም_1", "a"]
    for seed, key in enumerate(keys):
        writer.add(clip(key, f"stem-{seed}"), files_of(made(seed)))
    written = {file.name: file.num_records for file in writer.close()}
    assert written.pop("features/00001-of-00004.arrow") == 3
    assert len(written) == (12 if storage == "both" else 0)
    rows = list(read_rows(io.BytesIO(folder.closed["features/00001-of-00004.arrow"])))
    assert [row.id for row in rows] == keys
    for seed, row in enumerate(rows):
        for name, array in made(seed).items():
            assert row.arrays[name].dtype == array.dtype
            np.testing.assert_array_equal(row.arrays[name], array)
            if storage == "both":
                assert folder.closed[f"{name}/stem-{seed}.npy"] == encode_npy(array)


@pytest.mark.parametrize("storage", ["arrow", "both"])
def test_of_a_clip_that_fails_midway_no_row_is_left_and_others_follow(folder, clip, made, storage):
    def write(*, fails):
        folder.closed.clear()
        writer = open_writer(TtsFilesConfig(storage=storage), 0, 1, folder.create)
        writer.add(clip("a"), files_of(made(0)))
        if fails:
            with pytest.raises(OSError, match="gone"):
                writer.add(clip("b"), then_fails(files_of(made(1))))
            with pytest.raises(ValueError, match="a product has text_ids"):
                writer.add(clip("b"), itertools.islice(files_of(made(1)), 3))
            with pytest.raises(BadInput, match="BAD_NPY"):
                writer.add(clip("bad"), product())
            with pytest.raises(ValueError, match="vectors of one size"):
                writer.add(clip("wide"), files_of({**made(1), "emo_vec": np.zeros(3, np.float32)}))
        writer.add(clip("b"), files_of(made(1)))
        writer.add(clip("c"), files_of(made(2)))
        writer.close()
        return dict(folder.closed)

    assert write(fails=True) == write(fails=False)


def test_a_shard_of_no_clip_has_no_file(folder):
    writer = open_writer(TtsFilesConfig(storage="arrow"), 0, 1, folder.create)
    assert writer.close() == []
    assert folder.closed == {}
    with pytest.raises(ValueError, match="nothing can be added"):
        writer.add(None, ())


def test_an_aborted_shard_leaves_nothing_of_its_arrow_file(folder, clip, made):
    writer = open_writer(TtsFilesConfig(storage="arrow"), 0, 1, folder.create)
    for seed in range(ROWS_A_BATCH + 1):
        writer.add(clip(str(seed)), files_of(made(seed)))
    writer.abort()
    writer.abort()
    assert (folder.closed, folder.aborted) == ({}, ["features/00000-of-00001.arrow"])


def test_without_arrow_files_pyarrow_is_not_loaded():
    code = (
        "import sys; from services.records.tts.writer import open_writer; "
        "from services.records.tts.spec import TtsFilesConfig; open_writer(TtsFilesConfig(), 0, 1, print); "
        "print('pyarrow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
