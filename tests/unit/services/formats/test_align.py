import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadInput
from services.formats.align import Align, AlignToken, detect_ticks_per_s, parse_align, sentence_of_stem, stem_matches

GRID = b"0 23750 sil\n23750 29500 bin\n29500 34000 blue\n34000 35500 at\n35500 36000 sp\n36000 74500 SIL\n"


def test_words_leave_silences_out_in_any_case() -> None:
    align = parse_align(GRID)
    assert align.words == ("bin", "blue", "at")
    assert align.transcript == "bin blue at"
    assert align.last_tick == 74500
    assert align.tokens[0] == AlignToken(0, 23750, "sil")


@pytest.mark.parametrize(
    "data",
    [
        GRID.replace(b"\n", b"\r\n"),
        GRID.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + GRID,
        GRID.replace(b" ", b"\t"),
        b"\n  \n" + GRID.replace(b"\n", b"\n\n"),
        GRID.replace(b"\n", b" 0.97 -3.2e-1\n"),
        GRID.replace(b"\n", b" 4\n"),
        GRID.replace(b" sp\n", b" <eps>\n"),
        GRID.rstrip(b"\n"),
    ],
    ids=["crlf", "cr", "bom", "tabs", "blank-lines", "scores", "whole-scores", "another-silence", "no-last-line-end"],
)
def test_all_dialects_say_the_same(data: bytes) -> None:
    align = parse_align(data)
    assert align.words == parse_align(GRID).words
    assert [token.start for token in align.tokens] == [token.start for token in parse_align(GRID).tokens]


@pytest.mark.parametrize(
    "rows",
    [
        "0 10 sil|10 35 bin blue at|35 41 f|41 53 two now|53 75 sil",
        "34 35 at|53 75 sil|10 29 bin|41 47 two|29 34 blue|35 41 f|47 53 now|0 10 sil",
        "0 10 sil|10 29 bin|28 34 blue|34 35 at|35 41 f|41 47 two|47 53 now|53 75 sil",
        "0 75 sil|10 29 bin 0.5|29 34 blue 0.7|34 35 at 1|35 41 f 1e-3|41 47 two .5 0.5|47 53 now",
        "0 10 <sil>|10 29 bin sp blue|34 35 at|35 41 f|41 47 two|47 53 now [SIL]",
    ],
    ids=[
        "several words in a row",
        "rows unsorted",
        "rows that touch",
        "scores; silence behind it all",
        "silence in it",
    ],
)
def test_no_word_is_lost_and_words_go_by_time(rows: str) -> None:
    assert parse_align(rows.replace("|", "\n").encode()).transcript == "bin blue at f two now"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"0 10 sil\n10 20\n", "line 2 '10 20' has 2 of 3 columns"),
        (b"0 10 sil\n\n10 x bin\n", "line 3 '10 x bin' must begin with two whole numbers"),
        (b"0 10.5 sil\n", "whole numbers"),
        (b"-5 10 sil\n", "whole numbers"),
        (b"1_0 20 sil\n", "whole numbers"),
        ("٣ 20 sil\n".encode(), "whole numbers"),
        (b"20 10 sil\n", "ends before it starts"),
        (b"", "holds no rows"),
        (b"\n \r\n", "holds no rows"),
        (b"0 10 caf\xe9\n", "byte 8 is not UTF-8"),
        ("0 10 bin\n".encode("utf-16"), "byte 0 is not UTF-8"),
        ("0 10 bin\n".encode("utf-16-le"), "line 1"),
        (b"1e3 2e3 bin\n", "whole numbers"),
        (b"0 10 bin\n0 10 red\n", "line 2 '0 10 red' and line 1 '0 10 bin' are at the same time"),
        (b"0 10 bin\n0 10 bin\n", "are at the same time"),
        (b"0 40 bin\n5 10 b\n10 20 ih\n", "line 2"),
        (b"10 40 bin\n20 60 blue\n", "line 2"),
        (b"0 10 sil\n10 20 spn\n", "line 2 '10 20 spn' has the mark 'spn'"),
        (b"0 10 bin <unk> at\n", "the mark '<unk>'"),
        (b"0 10 [26]\n", "the mark '[26]'"),
        (b"0 10 bin 0.9 blue\n", "'0.9' beside several words"),
        (b"0 10 bin blue 2\n", "'2' beside several words"),
    ],
)
def test_a_row_that_is_none_is_an_error_that_names_it(data: bytes, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_align(data)
    assert caught.value.reason == "BAD_ALIGN"
    assert says in caught.value.message


_WORDS = st.text(st.sampled_from("abcXYZäß',.안"), min_size=1, max_size=12).map("w".__add__)
_ROWS = st.lists(
    st.tuples(st.integers(0, 500), st.integers(1, 500), st.lists(_WORDS, min_size=1, max_size=3)), min_size=1
)


@given(
    rows=_ROWS,
    end=st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\r\n \r\n"]),
    gap=st.sampled_from([" ", "\t", "  \t "]),
    bom=st.booleans(),
    draw=st.randoms(use_true_random=False),
)
def test_what_is_rendered_is_parsed_in_the_order_of_time(
    rows: list[tuple[int, int, list[str]]], end: str, gap: str, bom: bool, draw: random.Random
) -> None:
    tokens, at = [], 0
    for pause, length, words in rows:
        tokens.append(AlignToken(at + pause, at + pause + length, " ".join(words)))
        at += pause + length
    shuffled = draw.sample(tokens, len(tokens))
    lines = [gap.join((str(token.start), str(token.end), *token.text.split())) for token in shuffled]
    text = "".join(line + end for line in lines)
    assert parse_align(text.encode("utf-8-sig" if bom else "utf-8")) == Align(tuple(tokens))


@given(st.binary(max_size=200))
def test_any_bytes_give_an_alignment_or_bad_input(data: bytes) -> None:
    try:
        align = parse_align(data)
    except BadInput as error:
        assert error.reason == "BAD_ALIGN"
    else:
        assert align.tokens


@pytest.mark.parametrize(
    ("last_tick", "duration_s", "unit"),
    [
        (74500, 2.98, 25_000),
        (74500, 3.0, 25_000),
        (4766, 4.8, 1_000),
        (3000, 3.0, 1_000),
        (3000, 0.12, 25_000),
        (4766, 0.0, 25_000),
        (0, 3.0, 25_000),
    ],
)
def test_the_unit_is_the_one_that_ends_with_the_clip(last_tick: int, duration_s: float, unit: int) -> None:
    assert detect_ticks_per_s(last_tick, duration_s) == unit


@given(st.floats(0.2, 600), st.floats(0.5, 1.5), st.sampled_from([1_000, 25_000]))
def test_the_unit_is_found_even_if_the_ends_differ_by_half(duration_s: float, share: float, unit: int) -> None:
    assert detect_ticks_per_s(max(1, round(duration_s * share * unit)), duration_s) == unit


def test_a_stem_spells_its_sentence() -> None:
    assert sentence_of_stem("swwp2s") == ("set", "white", "with", "p", "two", "soon")
    assert sentence_of_stem("LRARZN") == ("lay", "red", "at", "r", "zero", "now")


@pytest.mark.parametrize("stem", ["", "swwp2", "swwp2ss", "swww2s", "xwwp2s", "swwp0s", "aa011a", "id2_vcd_swwp2s"])
def test_other_names_spell_none(stem: str) -> None:
    assert sentence_of_stem(stem) is None
    assert stem_matches(stem, ("set",)) is None


def test_a_stem_is_compared_with_the_words() -> None:
    assert stem_matches("swwp2s", ("Set", "white", "with", "p", "two", "soon")) is True
    assert stem_matches("swwp2s", ("set", "white", "with", "b", "two", "soon")) is False
    assert stem_matches("swwp2s", ("set", "white", "with", "p", "two")) is False


@pytest.mark.parametrize(("start", "end", "text"), [(5, 4, "a"), (-1, 4, "a"), (0, 1, "")])
def test_a_token_that_cannot_be_is_refused(start: int, end: int, text: str) -> None:
    with pytest.raises(ValueError, match="token"):
        AlignToken(start, end, text)
