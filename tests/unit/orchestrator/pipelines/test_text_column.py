import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.pipelines.text_column import TextColumn

texts_lists = st.lists(st.text(st.characters(codec="utf-8")))


@given(texts_lists)
def test_texts_come_back_in_order(texts: list[str]) -> None:
    column = TextColumn(texts)
    assert len(column) == len(texts)
    assert list(column) == texts
    assert [column[i] for i in range(len(texts))] == texts
    assert [column[-i] for i in range(1, len(texts) + 1)] == texts[::-1]


@given(texts_lists, st.slices(20))
def test_a_slice_is_a_list_of_texts(texts: list[str], piece: slice) -> None:
    assert TextColumn(texts)[piece] == texts[piece]


@pytest.mark.parametrize("i", [2, -3])
def test_an_index_outside_is_an_error(i: int) -> None:
    with pytest.raises(IndexError):
        TextColumn(["a", "b"])[i]


def test_going_through_gives_texts_of_any_script_as_they_were_appended() -> None:
    for texts in (["a", "", "bc"] * 2000, ["a", "ሰላም", "", "😀"] * 2000, []):
        assert list(TextColumn(texts)) == texts
