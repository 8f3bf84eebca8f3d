"""Names of files: one rule for writers and for whoever looks for files."""

import pytest

from services.records.tts.names import FILES, FOLDERS, feature_file, output_name


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
