import pytest

from services.records.grid import labels
from services.training.lipreading.alphabet import GRID_CHARACTERS, Alphabet, steps_needed


def test_ids_are_those_of_grid_records() -> None:
    alphabet = Alphabet()
    text = "set white with p two soon"
    assert GRID_CHARACTERS == labels.ALPHABET
    assert alphabet.blank == labels.CTC_BLANK
    assert alphabet.num_classes == labels.NUM_CLASSES
    label = labels.encode_label(text)
    assert alphabet.encode(text) == label.ids[: label.length]


def test_text_of_ids_is_the_text() -> None:
    assert Alphabet().decode(Alphabet().encode("bin blue at z nine again")) == "bin blue at z nine again"


def test_a_character_that_is_not_in_it_is_named() -> None:
    with pytest.raises(ValueError, match=r"\['!', 'B'\]"):
        Alphabet().encode("Bin!")


@pytest.mark.parametrize("bad", [-1, 27])
def test_an_id_of_no_character_is_refused(bad: int) -> None:
    with pytest.raises(ValueError, match=rf"not \[{bad}\]"):
        Alphabet().decode([0, bad])


@pytest.mark.parametrize("characters", ["", "aa"])
def test_characters_are_one_or_more_and_each_is_there_once(characters: str) -> None:
    with pytest.raises(ValueError, match="each of them once"):
        Alphabet(characters)


@pytest.mark.parametrize(("text", "steps"), [("", 0), ("a", 1), ("ab", 2), ("aa", 3), ("green", 6), ("aaa", 5)])
def test_equal_neighbours_need_a_blank_between_them(text: str, steps: int) -> None:
    assert steps_needed(Alphabet().encode(text)) == steps
