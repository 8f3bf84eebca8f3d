"""Rows of an alignment, and the file that they make."""

import pytest

from services.corpus.alignment import Row, align_text


def test_the_file_has_a_line_for_each_row() -> None:
    assert align_text([Row(0, 23_750, "sil"), Row(23_750, 29_500, "bin")]) == b"0 23750 sil\n23750 29500 bin\n"


@pytest.mark.parametrize("row", [(250, 250, "bin"), (-250, 0, "bin"), (0, 100, "bin"), (0, 250, "")])
def test_a_row_that_grid_has_not_cannot_be_made(row: tuple[int, int, str]) -> None:
    with pytest.raises(ValueError, match="0 <= start < end"):
        Row(*row)
