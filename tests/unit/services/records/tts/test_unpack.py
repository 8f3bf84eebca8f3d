"""Arrow files of an output to the npy files that its manifests name: whole ones or none."""

import json

import pytest

from services.base.errors import BadConfig, BadInput
from services.base.store.open import open_store
from services.formats.npy import encode_npy
from services.records.tts.arrow import ArrowWriter, Row
from services.records.tts.names import FOLDERS, arrow_file, feature_file
from services.records.tts.unpack import Unpacked, main, unpack, unpack_at

STEMS = {"a": "a", "ሰላም/2": "ሰላም/2", "A": "A-0123456789abcdef"}


@pytest.fixture
def output(tmp_path, features, text, folder):
    """An output with two Arrow files, and manifests of which one names other files than its clip's id."""

    def arrays(i):
        made = features(4 + i, i)
        return dict(zip(FOLDERS, (text(2 + i).ids_N, made.codes_L, made.condition_KD, made.emo_vec_D), strict=True))

    root = tmp_path / "out"
    (root / "features").mkdir(parents=True)
    expected = {}
    for shard, ids in enumerate((["a", "ሰላም/2"], ["A"])):
        writer = ArrowWriter(lambda: folder.create("shard"))
        for i, key in enumerate(ids):
            writer.add(Row(key, arrays(i + shard)))
            expected |= {feature_file(n, STEMS[key]): encode_npy(a) for n, a in arrays(i + shard).items()}
        writer.close()
        (root / arrow_file(shard, 2)).write_bytes(folder.closed["shard"])
    lines = [json.dumps({"id": key, "codes_path": f"codes/{stem}.npy"}) for key, stem in STEMS.items()]
    (root / "train_manifest.jsonl").write_text("\n".join(lines[:2]) + "\n", encoding="utf-8")
    (root / "val_manifest.jsonl").write_text(lines[2] + "\n", encoding="utf-8")
    return root, expected


def files_in(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.npy") if path.is_file()}


def test_each_clip_gets_the_four_files_that_its_manifest_names(output):
    root, expected = output
    assert unpack_at(str(root)) == Unpacked(3, 12, 0)
    assert files_in(root) == expected
    assert unpack_at(str(root)) == Unpacked(3, 0, 12)


def test_they_may_go_elsewhere(output, tmp_path, capsys):
    root, expected = output
    assert main([str(root), "--to", str(tmp_path / "npy"), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"num_clips": 3, "num_written": 12, "num_kept": 0}
    assert files_in(tmp_path / "npy") == expected
    assert files_in(root) == {}


def test_where_a_file_holds_something_else_none_is_written(output, capsys):
    root, expected = output
    (root / "codes").mkdir()
    (root / "codes" / "A-0123456789abcdef.npy").write_bytes(b"mine")
    assert main([str(root)]) == 78
    assert "FILES_DIFFER: codes/A-0123456789abcdef.npy" in capsys.readouterr().err
    assert files_in(root) == {"codes/A-0123456789abcdef.npy": b"mine"}
    assert unpack_at(str(root), overwrite=True) == Unpacked(3, 12, 0)
    assert files_in(root) == expected


def test_an_output_without_arrow_files_is_told(tmp_path):
    (tmp_path / "features").mkdir()
    with pytest.raises(BadConfig, match=r"NO_ARROW.*--storage arrow"):
        unpack_at(str(tmp_path))
    with pytest.raises(BadConfig, match="ROOT_MISSING"):
        unpack_at(str(tmp_path / "none"))


def test_an_id_that_leaves_the_folder_is_refused(tmp_path, features, text, folder):
    made = features()
    writer = ArrowWriter(lambda: folder.create("shard"))
    arrays = (text().ids_N, made.codes_L, made.condition_KD, made.emo_vec_D)
    writer.add(Row("../../evil", dict(zip(FOLDERS, arrays, strict=True))))
    writer.close()
    (tmp_path / "out" / "features").mkdir(parents=True)
    (tmp_path / "out" / arrow_file(0, 1)).write_bytes(folder.closed["shard"])
    store = open_store(tmp_path / "out")
    with pytest.raises(BadInput, match="BAD_NAME"):
        unpack(store, store)
    assert files_in(tmp_path) == {}


def test_a_torn_arrow_file_is_refused_by_name(output):
    root, _ = output
    path = root / arrow_file(0, 2)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadInput, match=r"BAD_ARROW: features/00000-of-00002\.arrow is no Arrow file"):
        unpack_at(str(root))
