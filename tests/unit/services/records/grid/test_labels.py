import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.records.grid.labels import (
    ALPHABET,
    CTC_BLANK,
    NUM_CLASSES,
    PAD,
    Label,
    ctc_feasible,
    decode_label,
    encode_label,
    encode_words,
)


def test_the_alphabet_is_a_to_z_then_blank_then_the_ctc_blank() -> None:
    assert encode_label("az ").ids[:3] == (0, 25, 26)
    assert (CTC_BLANK, NUM_CLASSES, PAD) == (27, 28, -1)


def test_a_sentence_is_padded_with_minus_one() -> None:
    label = encode_label("bin blue at f two now")
    assert label.length == 21
    assert label.ids[:4] == (1, 8, 13, 26)
    assert label.ids[21:] == (-1,) * 11
    assert (label.dropped, label.truncated) == ("", False)


def test_characters_outside_the_alphabet_are_dropped_and_told() -> None:
    label = encode_label("Don't, 10/32 déjà")
    assert decode_label(label.ids) == "dont  dj"
    assert label.dropped == "',10/32éà"


def test_what_does_not_fit_is_cut_and_told() -> None:
    label = encode_label("abcdef", max_text_len=4)
    assert (label.ids, label.length, label.truncated) == ((0, 1, 2, 3), 4, True)
    assert not encode_label("abcd!", max_text_len=4).truncated


@pytest.mark.parametrize(
    ("words", "said", "dropped", "lost"),
    [
        (("Bin", "blue"), "bin blue", "", ()),
        (("good", "26", "morning"), "good morning", "26", ("26",)),
        (("well", ",", "don't"), "well dont", ",'", ()),
        (("안녕", "하세요"), "", "안녕하세요", ("안녕", "하세요")),
        ((), "", "", ()),
    ],
)
def test_a_word_of_which_nothing_is_left_leaves_no_blank_and_is_told(
    words: tuple[str, ...], said: str, dropped: str, lost: tuple[str, ...]
) -> None:
    label = encode_words(words)
    assert (decode_label(label.ids), label.length, label.dropped) == (said, len(said), dropped)
    assert label.words_dropped == lost


@given(st.lists(st.text(ALPHABET[:-1], min_size=1, max_size=9), max_size=6))
def test_words_of_the_alphabet_are_the_text_of_them(words: list[str]) -> None:
    assert encode_words(words) == encode_label(" ".join(words))


@given(st.text(ALPHABET, max_size=40), st.integers(1, 48))
def test_texts_of_the_alphabet_come_back_up_to_the_slots(text: str, slots: int) -> None:
    label = encode_label(text, slots)
    assert len(label.ids) == slots
    assert decode_label(label.ids) == text[:slots]
    assert label.length == min(len(text), slots)


@given(st.text(max_size=60))
def test_every_character_is_kept_or_told(text: str) -> None:
    label = encode_label(text, 200)
    assert sorted(decode_label(label.ids) + label.dropped) == sorted(text.lower())


def test_ids_without_a_character_are_refused() -> None:
    with pytest.raises(ValueError, match="27"):
        decode_label([0, 27])


@pytest.mark.parametrize(
    ("text", "num_frames", "feasible"),
    [
        ("abc", 3, True),
        ("abc", 2, False),
        ("aab", 4, True),
        ("aab", 3, False),
        ("aaa", 5, True),
        ("aaa", 4, False),
        ("", 0, True),
    ],
)
def test_ctc_needs_a_frame_an_id_and_one_between_repeats(text: str, num_frames: int, feasible: bool) -> None:
    assert ctc_feasible(encode_label(text), num_frames) is feasible


@pytest.mark.parametrize(("ids", "length"), [((0, 1), 3), ((27,), 1), ((0, 1), 1), ((-1,), 1)])
def test_a_label_that_cannot_be_is_refused(ids: tuple[int, ...], length: int) -> None:
    with pytest.raises(ValueError, match="length"):
        Label(ids, length)
