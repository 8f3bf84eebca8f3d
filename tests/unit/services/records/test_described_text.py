"""What an `inspect` command describes, for people."""

from __future__ import annotations

from services.records.described_text import as_text


def test_a_fact_stands_on_a_line():
    assert as_text({"frames": 75, "fps": 25.0}) == "frames: 75\nfps: 25.0\n"


def test_what_is_nested_stands_below_its_name_indented():
    assert as_text({"a": {"b": {"c": 1}, "d": 2}, "e": 3}) == "a:\n  b:\n    c: 1\n  d: 2\ne: 3\n"
