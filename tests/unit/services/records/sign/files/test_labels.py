"""labels.csv and the tables it is made from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadConfig
from services.records.sign.files.labels import (
    Gloss,
    LabelRow,
    MapRow,
    is_gloss_table,
    parse_clip_map,
    parse_glosses,
    parse_labels,
    render_glosses,
    render_labels,
    upsert,
)

rows = st.lists(
    st.builds(
        LabelRow,
        st.text("abcÄ ,\"'_", min_size=1).map(lambda text: f"{text.strip() or 'x'}.npz"),
        st.integers(0, 200),
        st.integers(0, 9),
        st.integers(0, 1),
    ),
    max_size=20,
)


def test_rows_are_sorted_and_look_like_the_original():
    data = render_labels([LabelRow("b.npz", 3, 3, 0), LabelRow("a.npz", 4, 1, 1)])
    assert data == b"file,gloss,cat,occluded\na.npz,4,1,1\nb.npz,3,3,0\n"


@given(rows)
def test_what_is_written_can_be_read(made):
    assert parse_labels(render_labels(made)) == sorted(made)


def test_a_file_without_the_column_occluded_gets_zeros():
    assert parse_labels(b"file,gloss,cat\r\na.npz,1,2\r\n\r\n") == [LabelRow("a.npz", 1, 2, 0)]


@given(rows, rows)
def test_upserting_keeps_one_row_a_clip_and_changes_nothing_the_second_time(kept, made):
    once = upsert(kept, made)
    assert upsert(once, made) == once
    files = [row.file.removesuffix(".npz") for row in once]
    assert len(files) == len(set(files))
    assert set(files) == {row.file.removesuffix(".npz") for row in [*kept, *made]}


def test_names_with_and_without_the_ending_are_one_clip():
    assert upsert([LabelRow("a", 1, 1, 0)], [LabelRow("a.npz", 2, 2, 1)]) == [LabelRow("a.npz", 2, 2, 1)]


@pytest.mark.parametrize(
    "data", [b"", b"file,gloss\na,1\n", b"file,gloss,cat\na,x,1\n", b"file,gloss,cat\na,-1,1\n", b"\xff"]
)
def test_what_is_no_labels_file_ends_the_run(data):
    with pytest.raises(BadConfig, match="BAD_LABELS"):
        parse_labels(data)


def test_a_map_of_clips_takes_the_gloss_for_a_missing_category():
    data = "\ufefffile, gloss, cat\na.mp4,3,1\nb.mp4,4,\n".encode()
    assert parse_clip_map(data) == [MapRow(2, "a.mp4", 3, 1), MapRow(3, "b.mp4", 4, 4)]
    assert parse_clip_map(b"file,gloss\na,3\n") == [MapRow(2, "a", 3, 3)]


@pytest.mark.parametrize(
    "table",
    [
        "file,gloss\na b.mp4,3\n",
        "file;gloss\r\na b.mp4;3\r\n",
        "sep=;\nfile;gloss\na b.mp4;3\n",
        "file\tgloss\na b.mp4\t3\n",
        "file|gloss\na b.mp4|3\n",
        '"file","gloss"\n"a b.mp4","3"\n\n',
        "gloss,other,file\n3,x,a b.mp4\n",
    ],
)
def test_tables_may_be_parted_in_any_usual_way(table):
    assert [(row.file, row.label) for row in parse_clip_map(table.encode())] == [("a b.mp4", (3, 3))]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("a.mp4,3\nb.mp4,4\n", "put the line 'file,gloss' above it"),
        ("file,gloss\nx,1,2\n", "3 values under 2 columns"),
        ("file,gloss,gloss\nx,1,2\n", "two columns 'gloss'"),
        ("file,gloss\na,99999999999999999999999\n", "from 0 to 9223372036854775807"),
        ("file,gloss\na,1_0\n", "whole number"),
        ("file,gloss\n,3\n", "line 2 has no file"),
        ("file,gloss\na,+3\n", "whole number"),
        ("file,gloss\na,٣\n", "whole number"),
        ('file,gloss\n"a"b,3\n', "fix its quotes"),
    ],
)
def test_a_table_that_may_mean_something_else_is_refused(table, words):
    with pytest.raises(BadConfig, match=words):
        parse_clip_map(table.encode())


def test_a_header_may_be_quoted_and_in_any_case():
    assert [row.label for row in parse_clip_map(b'"a, note",File,GLOSS,Cat\nx,a.mp4,3,1\n')] == [(3, 1)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(newline):
    table = newline.join(["file,gloss", "", "a.mp4,3", ",", "b.mp4,4", ""])
    assert [(row.file, row.gloss) for row in parse_clip_map(table.encode())] == [("a.mp4", 3), ("b.mp4", 4)]


@pytest.mark.parametrize("number", ["-1", "3.0", "1e3", "0x3", "", "three", "3 4"])
def test_what_is_no_whole_number_is_no_id(number):
    with pytest.raises(BadConfig, match="line 2: gloss must be a whole number"):
        parse_clip_map(f"file,gloss\na.mp4,{number}\n".encode())


def test_zeros_before_a_number_do_not_count():
    assert parse_clip_map(b"file,gloss\na.mp4,007\n")[0].label == (7, 7)


def test_a_table_of_clips_and_of_folders_at_once_is_refused():
    with pytest.raises(BadConfig, match="leave one kind out"):
        is_gloss_table(b"file,gloss,gloss_id,label,cat_id\na.mp4,1,2,tea,3\n")


def test_the_table_of_reference_comes_back():
    glosses = [Gloss(1, "HELLO", 0, "GREETING"), Gloss(0, "BYE", 0, "GREETING")]
    data = render_glosses(glosses)
    assert data.splitlines()[0] == b"gloss_id,label,cat_id,category"
    assert parse_glosses(data) == sorted(glosses)
    assert is_gloss_table(data) and not is_gloss_table(b"file,gloss\n")


def test_a_word_with_two_ids_is_refused():
    with pytest.raises(BadConfig, match="line 3: 'HELLO' has other ids before"):
        parse_glosses(b"gloss_id,label,cat_id\n0,HELLO,0\n1,HELLO,0\n")
    assert parse_glosses(b"gloss_id,label,cat_id\n0,HELLO,0\n0,HELLO,0\n") == [Gloss(0, "HELLO", 0)]
