"""The line of a terminal: which parts fit its width, and what is left of it."""

import io

import pytest

from orchestrator.console.bar import Bar, fitted

PARTS = [
    ("14/36 clips", 0, "bold"),
    ("39 %", 3, ""),
    ("2.1 clips/s", 2, "cyan"),
    ("ETA 12 s", 1, ""),
    ("3/12 shards", 2, ""),
    ("1 quarantined", 0, "bold red"),
]


@pytest.mark.parametrize(
    ("width", "texts"),
    [
        (5, ["14/36"]),
        (39, ["14/36 clips", "ETA 12 s", "1 quarantined"]),
        (59, ["14/36 clips", "2.1 clips/s", "ETA 12 s", "1 quarantined"]),
        (79, ["14/36 clips", "39 %", "2.1 clips/s", "ETA 12 s", "3/12 shards", "1 quarantined"]),
        (
            159,
            ["14/36 clips", "39 %", "2.1 clips/s", "ETA 12 s", "3/12 shards", "1 quarantined", "2 of 4 pods at work"],
        ),
    ],
)
def test_the_most_telling_parts_come_first(width: int, texts: list[str]) -> None:
    bar, chosen = fitted(width, PARTS, "2 of 4 pods at work")
    assert [text for text, _ in chosen] == texts
    assert (8 <= bar <= 40) if width > 40 else bar == 0


@pytest.mark.parametrize("width", range(1, 200, 7))
@pytest.mark.parametrize("note", ["", "reading " + 200 * "x"])
def test_no_line_is_wider_than_its_terminal(width: int, note: str) -> None:
    bar, chosen = fitted(width, PARTS, note)
    assert len("  ".join(["-" * bar, *(text for text, _ in chosen)] if bar else [t for t, _ in chosen])) <= width


def test_a_bar_is_cleared_without_a_trace() -> None:
    stream = io.StringIO()
    bar = Bar(stream)
    bar.clear()
    assert stream.getvalue() == ""
    bar.draw(80, 0.5, PARTS, "")
    bar.clear()
    text = stream.getvalue()
    assert text.endswith("\r\x1b[2K") and "\n" not in text and "\x1b[?25l" not in text
