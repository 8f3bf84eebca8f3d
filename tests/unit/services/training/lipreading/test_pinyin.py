"""What is said, as syllables; their classes and the file of them."""

import json
import sys

import pytest

from services.base.errors import BadConfig
from services.corpus.mandarin import PINYIN
from services.training.lipreading.pinyin import Syllables, syllables_in, syllables_of


@pytest.mark.parametrize(
    ("text", "without", "with_tones"),
    [
        ("我们去银行。", "wo men qu yin hang", "wo3 men5 qu4 yin2 hang2"),
        ("行，绿 A3", "xing lv", "xing2 lv4"),
        ("ABC 12", "", ""),
        ("", "", ""),
    ],
)
def test_a_text_is_its_syllables_by_phrases_without_what_is_none(text: str, without: str, with_tones: str) -> None:
    assert syllables_of(text, tones=False) == without.split()
    assert syllables_of(text, tones=True) == with_tones.split()


def test_syllables_are_those_that_the_made_mouths_say() -> None:
    assert {one: syllables_of(one, tones=False) for one in PINYIN} == {one: [said] for one, said in PINYIN.items()}


def test_classes_are_of_the_training_text_and_others_are_left_out() -> None:
    syllables = syllables_in(["我们", "他们"], tones=False)
    assert syllables.names == ("men", "ta", "wo")
    assert syllables.encode("他去我") == [1, 2]
    assert syllables.decode([2, 0]) == ["wo", "men"]


def test_the_file_tells_all_of_it_and_its_digest_follows_it() -> None:
    one, other = syllables_in(["我们"], tones=False), syllables_in(["我们"], tones=True)
    assert json.loads(one.file) == {"tones": False, "syllables": ["men", "wo"]}
    assert one.digest != other.digest


@pytest.mark.parametrize("names", [("wo", "men"), ("men", "men"), ("",), ("a b",)])
def test_names_that_cannot_be_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        Syllables(names)


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypinyin", None)
    with pytest.raises(BadConfig, match=r"LIBRARY_MISSING.*visemill\[zh\]"):
        syllables_of("我", tones=False)
