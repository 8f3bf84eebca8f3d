"""The table of clips is read as it was written."""

import pytest

from services.base.errors import BadInput
from services.formats.lips_clips import LipsClipRow, encode_clips, read_clips

ROWS = [
    LipsClipRow("1_20_M_KJ_001", "train", 0, 0, "1", "KJ", "我们", 93, "a/b.mp4"),
    LipsClipRow("2_20_M_KJ_001", "val", 1, 4, "2", "", "他", 5, "c.mp4"),
]


@pytest.mark.parametrize("rows", [ROWS, []])
def test_rows_come_back_and_the_same_rows_are_the_same_bytes(rows: list[LipsClipRow]) -> None:
    data = encode_clips(rows)
    assert list(read_clips(data)) == rows
    assert encode_clips(rows) == data


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(BadInput, match="BAD_CLIPS"):
        list(read_clips(b"PAR1"))
