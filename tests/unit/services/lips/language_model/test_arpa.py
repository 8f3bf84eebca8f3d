"""Files as SRILM and KenLM write them, and those that are none, by their lines."""

import gzip

import pytest

from services.base.errors import BadConfig
from services.lips.language_model import arpa
from services.lips.language_model.arpa import arpa_file, arpa_of
from services.lips.language_model.n_grams import END, START, UNKNOWN, NGrams

FILE = """\
a line that a tool has left here

\\data\\
ngram 1=6
ngram 2=4

\\1-grams:
-99\t<s>\t-0.4
-1.0\t</s>
-3\t<unk>
-0.5\t你\t-0.25
-0.7\tb\t0
-0.9\t<space>\t0.125

\\2-grams:
-0.1\t<s> 你
-0.2\t你 <space>
-0.3\t<space> b
-0.15\tb </s>

\\end\\
"""
READ = NGrams(
    2,
    {
        **{START: -99.0, END: -1.0, UNKNOWN: -3.0, "你": -0.5, "b": -0.7, " ": -0.9},
        **{f"{START}你": -0.1, "你 ": -0.2, " b": -0.3, f"b{END}": -0.15},
    },
    {START: -0.4, "你": -0.25, " ": 0.125},
)


@pytest.mark.parametrize(
    "text",
    [
        FILE,
        FILE.replace("<space>", "▁"),
        FILE.replace("<unk>", "<UNK>"),
        FILE.replace("\n", "\r\n"),
        FILE.replace("\t", "  "),
        FILE.replace("-99\t<s>\t-0.4", "-99\t<s>\t-0.4\t"),
        FILE.replace("<s> 你", "<s> 你\t0"),
        FILE + "what stands behind the end\n",
    ],
    ids=["as SRILM", "▁", "<UNK>", "CRLF", "blanks", "tab at the end", "factor of the highest order", "behind the end"],
)
def test_a_file_is_read_however_it_is_spelled(text: str) -> None:
    assert arpa_of(text.encode()) == READ


def test_what_is_written_is_read_again_and_written_alike() -> None:
    data = arpa_file(READ)
    assert arpa_of(data) == READ and arpa_file(arpa_of(data)) == data
    assert data.decode().splitlines()[:5] == ["\\data\\", "ngram 1=6", "ngram 2=4", "", "\\1-grams:"]
    assert "\n-0.2000000\t你 <space>\n" in data.decode() and data.endswith(b"\n\n\\end\\\n")


def test_tokens_that_look_like_marks_or_ends_of_lines_are_characters() -> None:
    odd = NGrams(2, {END: -0.5, "<": -0.7, "\\": -1.0, "\u2028": -1.0, "<\\": -0.1}, {"<": -0.2})
    assert arpa_of(arpa_file(odd)) == odd


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\\data\\", "data", r"line 22: there is no \\data\\"),
        ("ngram 1=6\nngram 2=4\n", "", r"line 4: \\data\\ has no line"),
        ("ngram 2=4", "ngram 3=4", "line 5: order 3 stands behind 1"),
        ("ngram 2=4", "ngram 2=4000000000", "line 5: more than 5,000,000 n-grams"),
        ("ngram 1=6", "ngram 1=7", r"line 14: before this are 6 1-grams, and \\data\\ says 7"),
        ("-0.15\tb </s>\n\n\\end\\\n", "", r"line \d+: before this are 3 2-grams"),
        ("\n\\end\\\n", "", r"line 20: here must be \\end\\"),
        ("\\2-grams:", "\\3-grams:", r"line 15: here must be \\2-grams:"),
        ("\tb\t0", "\tbin\t0", "line 12: '-0.7\\\\tbin\\\\t0' has no 1 tokens of one character each"),
        ("<space> b", "<space>b", "line 18: .*one character each"),
        ("你 <space>", "你", "line 17: .* no 2 tokens"),
        ("\tb\t0", "\tb\tx", "line 12: log10"),
        ("-0.7\tb", "0.7\tb", "line 12: log10"),
        ("-0.7\tb", "nan\tb", "line 12: log10"),
        ("-0.7\tb", "-inf\tb", "write -99 for a probability of 0"),
        ("-0.25\n", "inf\n", "line 11: log10"),
        ("-0.7\tb", "-0.7\t你", "line 12: '你' stands there twice"),
        ("</s>", "c", "no 1-gram </s>"),
        ("\tb\t0", "\t\x02\t0", r"line 12: the control character '\\x02'"),
    ],
)
def test_what_is_no_such_file_is_refused_by_its_line(old: str, new: str, said: str) -> None:
    assert old in FILE
    with pytest.raises(BadConfig, match=f"BAD_LANGUAGE_MODEL: my.arpa.*{said}"):
        arpa_of(FILE.replace(old, new).encode(), "my.arpa")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(FILE.encode()), "gunzip"),
        (FILE.encode("gb18030"), "line 11: no UTF-8"),
        (b"", "no .data"),
    ],
)
def test_bytes_that_are_no_text_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(BadConfig, match=said):
        arpa_of(data)


def test_more_bytes_or_orders_than_there_may_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = "".join(f"ngram {n}=1\n" for n in range(1, 12))
    with pytest.raises(BadConfig, match="line 12: more orders than 10"):
        arpa_of(f"\\data\\\n{orders}".encode())
    monkeypatch.setattr(arpa, "MOST_BYTES", 10)
    with pytest.raises(BadConfig, match="10 are the most"):
        arpa_of(FILE.encode())
