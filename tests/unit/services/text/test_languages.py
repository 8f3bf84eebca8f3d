"""Which language's rules a text gets."""

import pytest

from services.text.languages import PINYIN_WITH_TONE, detect, hint_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ሰላም", "am"),
        ("hello ።", "am"),
        ("ⶀ", "am"),
        ("こんにちは", "ja"),
        ("漢字とかな", "ja"),
        ("ﾊﾝｶｸ", "ja"),
        ("時々", "ja"),
        ("〝quoted〟", "ja"),
        ("你好", "zh"),
        ("12345", "zh"),
        ("Привет", "zh"),
        ("مرحبا", "zh"),
        ("", "zh"),
        ("someone@example.com", "zh"),
        ("write to someone@example.com", "en"),
        ("say xuan4 again", "zh"),
        ("beta1 and voice2", "en"),
        ("한국어 text", "en"),
        ("hello", "en"),
    ],
)
def test_a_text_without_a_named_language_goes_by_its_script(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("en", "en"), ("FR", "en"), ("de", "en"), ("zh", "zh"), ("cn", "zh"), ("ja", "ja"), ("JP", "ja"),
        (" am ", "am"), ("amh", "am"), ("ko", None), ("", None),
    ],
)  # fmt: skip
def test_the_names_of_data_sets_for_a_language(name: str, hint: str | None) -> None:
    assert hint_of(name) == hint


@pytest.mark.parametrize("syllable", ["xuan4", "jve2", "ying1", "zhong4", "shang5", "er2", "ng3", "lü4", "a1", "XUE2"])
def test_pinyin_with_a_tone(syllable: str) -> None:
    assert PINYIN_WITH_TONE.fullmatch(syllable)


@pytest.mark.parametrize("word", ["beta1", "voice2", "xuan6", "xuan", "b1"])
def test_other_words_that_end_in_a_digit(word: str) -> None:
    assert not PINYIN_WITH_TONE.search(word)
