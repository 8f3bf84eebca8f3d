"""The place of each of many texts."""

from hypothesis import given
from hypothesis import strategies as st

from services.records.tts.places import Places


@given(st.lists(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_a_text_has_the_place_where_it_came_first(texts, others):
    places = Places(iter(texts))
    wanted = [texts.index(text) if text in texts else None for text in (*texts, *others)]
    assert [places.of(text) for text in (*texts, *others)] == wanted
    assert len(places) == len(texts)
    assert places.has_repeated == (len(set(texts)) < len(texts))
