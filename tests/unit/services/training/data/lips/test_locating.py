"""Where a row's video lies: by its path, by its name, by the id; slides and twins are not taken."""

import pytest

from services.training.data.lips.locating import VideoFiles
from services.training.data.lips.table import LipsRow

KEY = "111_21_M_JKYS_005"


@pytest.mark.parametrize(
    ("files", "face", "found"),
    [
        (["processed_train/111/a_FACE.mp4"], "JKYS/111/a_FACE.mp4", "processed_train/111/a_FACE.mp4"),
        (["processed_train/JKYS/111/a.mp4"], "JKYS/111/a.mp4", "processed_train/JKYS/111/a.mp4"),
        (["train/111/FACE/a_FACE.mp4"], "/train/111/FACE/a_FACE.mp4", "train/111/FACE/a_FACE.mp4"),
        (["111/FACE/a_FACE.mp4"], "train\\111\\FACE\\a_FACE.mp4", "111/FACE/a_FACE.mp4"),
        (["processed_train/flat.mp4"], "JKYS/111/flat.mp4", "processed_train/flat.mp4"),
        ([f"processed_train/{KEY}.mp4"], "gone.mp4", f"processed_train/{KEY}.mp4"),
        ([f"111/FACE/{KEY}_FACE.mp4", f"111/PPT/{KEY}_PPT.mp4"], "", f"111/FACE/{KEY}_FACE.mp4"),
        ([f"processed_val/{KEY}.mp4", f"processed_train/{KEY}.mp4"], "", f"processed_train/{KEY}.mp4"),
        ([f"a/{KEY}.mp4", f"b/{KEY}.mp4"], "", f"a/{KEY}.mp4 b/{KEY}.mp4"),
        (["processed_train/other.mp4", f"{KEY}.wav"], "", ""),
    ],
)
def test_a_rows_video_is_found(files: list[str], face: str, found: str) -> None:
    assert VideoFiles(files).of(LipsRow(2, KEY, "JKYS", face, "文"), "processed_train") == found.split()
