"""Tables of Chinese-LiPS: under both sets of names, by place where the names are others, in the encodings there are."""

import pytest
from lips_data import HEAD, table_file

from services.base.errors import BadConfig
from services.training.data.lips.table import read_table

ROW = ("111_21_M_JKYS_005", "JKYS", "a.wav", "a.mp4", "JKYS/111/111_21_M_JKYS_005_FACE.mp4", "我们,旨在")


@pytest.mark.parametrize(
    ("head", "is_told"),
    [
        (HEAD, False),
        (("ID", "TOPIC", "WAV", "PPT", "FACE", "TEXT"), False),
        (("name", "what", "sound", "slides", "mouth", "said"), True),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_row_is_read_under_any_names(head: tuple[str, ...], is_told: bool, encoding: str) -> None:
    table = read_table(table_file([ROW], head).encode(encoding), "meta_train.csv")
    (row,) = table.rows
    assert (row.line, row.key, row.topic, row.face, row.text) == (2, ROW[0], ROW[1], ROW[4], ROW[5])
    assert row.speaker == "111"
    assert bool(table.note) is is_told


def test_columns_stand_in_any_order_where_they_are_named() -> None:
    table = read_table(table_file([("文字", "7_2_F_LY_001", "x.mp4")], ("TEXT", "ID", "FACE")).encode(), "t")
    assert (table.rows[0].text, table.rows[0].key, table.rows[0].face, table.rows[0].topic) == (
        "文字", "7_2_F_LY_001", "x.mp4", "",
    )  # fmt: skip


def test_a_table_without_a_head_begins_with_its_first_line() -> None:
    table = read_table(table_file([ROW], ROW).encode(), "t")
    assert [row.line for row in table.rows] == [1, 2]
    assert "1st, 2nd, 5th and 6th" in table.note


def test_a_table_of_a_spreadsheet_is_read() -> None:
    table = read_table(table_file([ROW]).encode("gb18030"), "t")
    assert table.rows[0].text == ROW[5]
    assert "GB 18030" in table.note


@pytest.mark.parametrize("text", ["", "\n\n", "name,video\nx,y\n", "a,b,c,d,e\n1,2,3,4,5\n"])
def test_a_table_without_the_columns_is_refused(text: str) -> None:
    with pytest.raises(BadConfig, match="CSV_COLUMNS"):
        read_table(text.encode(), "meta_train.csv")


def test_lines_are_those_of_the_file_whatever_stands_between() -> None:
    text = 'ID,FACE,TEXT\n\n1,a.mp4,"文\n字"\n\n2,b.mp4,说\n'
    assert [(row.key, row.line) for row in read_table(text.encode(), "t").rows] == [("1", 4), ("2", 6)]
