"""What a tokenizer does not know: characters of all texts, tokens of a sample, by language."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from services.text.coverage.measure import CoverageMeter, LanguageCoverage, Unknown, overall_share
from services.text.tokenizer import Tokenizer


def _measured(model: Path, texts: Iterable[str], language: str | None = None, **most: int) -> list[LanguageCoverage]:
    meter = CoverageMeter(str(model), language, **{"most_sampled": 1000, "most_read_out": 100, **most})
    for text in texts:
        meter.add(text)
    return meter.languages()


def test_the_share_is_that_of_the_ids_of_a_run(small_model: Path) -> None:
    texts = ["hello world", "ሰላም ዓለም", "hello ሰላም", "你 好", "ten ሰዓት"]
    tokenizer = Tokenizer(small_model)
    encoded = [tokenizer.encode(text, "am") for text in texts]
    (found,) = _measured(small_model, texts, "am")
    assert (found.num_tokens, found.num_unknown_tokens) == (
        sum(len(one.ids_N) for one in encoded),
        sum(one.num_unknown for one in encoded),
    )
    assert 0 < found.unknown_share < 1


def test_characters_are_counted_in_all_texts_the_most_frequent_first(small_model: Path) -> None:
    (found,) = _measured(small_model, ["ሰላም", *["ሰሰ hello"] * 50, "ላ"], most_sampled=4)
    assert found.num_sampled <= 4
    assert found.unknown == (Unknown("ሰ", 101), Unknown("ላ", 2), Unknown("ም", 1))
    assert (found.num_characters, found.num_unknown_characters) == (3 + 50 * 8 + 1, 104)


def test_languages_are_those_of_the_scripts_or_the_one_that_is_named(small_model: Path) -> None:
    texts = ["hello", "hello", "ሰላም", "你好", "speaker 2:", ""]
    assert {one.language: one.num_texts for one in _measured(small_model, texts)} == {"en": 2, "am": 1, "zh": 1}
    assert [(one.language, one.num_texts) for one in _measured(small_model, texts, "ko")] == [("ko", 4)]


def test_numbers_that_a_grammar_reads_out_are_no_unknown_tokens(small_model: Path) -> None:
    texts = ["the time is 10"] * 20
    (found,) = _measured(small_model, texts, "en")
    assert (found.num_unknown_tokens, found.unknown, found.num_doubtful, found.num_read_out) == (0, (), 20, 20)
    # Nothing reads them out in Amharic.
    (found,) = _measured(small_model, texts, "am")
    assert found.num_unknown_tokens == 20
    assert found.unknown == (Unknown("0", 20), Unknown("1", 20))


def test_what_a_grammar_leaves_stays_unknown_and_stands_for_the_texts_that_were_not_read_out(small_model: Path) -> None:
    texts = ["hello world"] * 30 + ["ten 5 ♪ two"] * 30
    (whole,) = _measured(small_model, texts, "en")
    (part,) = _measured(small_model, texts, "en", most_read_out=5)
    assert (whole.num_read_out, part.num_read_out) == (30, 5)
    assert whole.num_unknown_tokens == part.num_unknown_tokens > 0
    assert whole.num_tokens == part.num_tokens
    assert part.unknown == whole.unknown == (Unknown("♪", 30),)


def test_a_lone_surrogate_is_counted_as_a_character(small_model: Path) -> None:
    (found,) = _measured(small_model, ["hello \ud800"], "am")
    assert found.num_characters == 7


def test_the_share_of_all_languages_counts_tokens() -> None:
    en = LanguageCoverage("en", 100, 0, 0, (), num_sampled=10, num_tokens=100, num_unknown_tokens=0)
    am = LanguageCoverage("am", 10, 0, 0, (), num_sampled=10, num_tokens=1000, num_unknown_tokens=500)
    assert overall_share([en, am]) == pytest.approx(500 / 2000)
    assert overall_share([]) == 0
