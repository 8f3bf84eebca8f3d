"""Names of files: one rule for writers and for whoever looks for files."""

import pytest

from services.records.tts.names import FILES, FOLDERS, arrow_file, feature_file, output_name, stem_of


def test_a_file_of_a_clip_lies_in_the_folder_of_its_feature():
    assert [output_name("a/b c", file) for file in FILES] == [
        "text_ids/a/b c.npy",
        "codes/a/b c.npy",
        "condition/a/b c.npy",
        "emo_vec/a/b c.npy",
    ]
    assert feature_file(FOLDERS[0], "ሰላም_1.npy") == "text_ids/ሰላም_1.npy.npy"
    with pytest.raises(KeyError):
        output_name("a", "codes.npz")


def test_a_shard_has_one_arrow_file():
    assert arrow_file(7, 64) == "features/00007-of-00064.arrow"
    with pytest.raises(ValueError, match="not one of"):
        arrow_file(64, 64)


def test_the_stem_of_a_file_is_found_again():
    assert stem_of("codes", feature_file("codes", "a/b.npy")) == "a/b.npy"
    assert stem_of("codes", "condition/a.npy") is None
    assert stem_of("codes", "codes/a.npz") is None
