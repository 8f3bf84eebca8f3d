from pathlib import Path

import pytest

from orchestrator.pipelines.grid.align_check import check_align

PATH = "s1_processed/align/swwp2s.align"


def _align(*words: str) -> bytes:
    return b"".join(f"{i * 1000} {(i + 1) * 1000} {word}\r\n".encode() for i, word in enumerate(words))


SENTENCE = ("sil", "set", "white", "with", "p", "sp", "two", "soon", "sil")


def test_an_align_that_says_what_the_name_spells_is_fine() -> None:
    assert check_align("swwp2s", PATH, _align(*SENTENCE)) == []


def test_a_name_that_spells_nothing_is_not_compared() -> None:
    assert check_align("interview 3", PATH, _align("good", "morning")) == []


@pytest.mark.parametrize(
    ("data", "reason", "said"),
    [
        (_align(*SENTENCE[:-2], "now", "sil"), "ALIGN_OF_ANOTHER_CLIP", "set white with p two now"),
        (_align("sil", "sp", "sil"), "NO_WORDS", "silence only"),
        (b"0 1000\n", "BAD_ALIGN", "3 columns"),
        (b"\xff\xfe0 1 sil", "BAD_ALIGN", "UTF-8"),
        (b"", "BAD_ALIGN", "no rows"),
        (_align("안녕", "하세요"), "EMPTY_LABEL", "'안녕', '하세요' has no letter"),
        (_align(*SENTENCE[:5], "26", *SENTENCE[5:]), "WORDS_DROPPED", "'26' has no letter"),
    ],
    ids=[
        "another sentence",
        "silence",
        "two columns",
        "not UTF-8",
        "empty",
        "no letter at all",
        "a word without a letter",
    ],
)
def test_an_align_that_does_not_fit_is_one_problem(data: bytes, reason: str, said: str) -> None:
    (problem,) = check_align("swwp2s", PATH, data)
    assert (problem.path, problem.reason) == (PATH, reason)
    assert said in problem.message


def test_real_aligns_fit_their_clips(testdata: Path) -> None:
    aligns = sorted((testdata / "data/grid/s1_processed/align").glob("*.align"))
    assert len(aligns) == 48
    assert [problem for path in aligns for problem in check_align(path.stem, path.name, path.read_bytes())] == []
