"""labels.csv and the tables it is made from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadConfig
from services.records.sign.labels import (
    Gloss,
    LabelRow,
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
    assert parse_clip_map(data) == {"a.mp4": (3, 1), "b.mp4": (4, 4)}
    assert parse_clip_map(b"file,gloss\na,3\n") == {"a": (3, 3)}


def test_a_map_that_contradicts_itself_is_refused():
    with pytest.raises(BadConfig, match="line 3"):
        parse_clip_map(b"file,gloss\na,3\na,4\n")


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
