"""PURE: names and messages as a terminal may show them: control characters are escaped, not sent."""

from __future__ import annotations

# C0 and C1.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {9: "\\t", 10: "\\n", 13: "\\r"}
_IN_LINES = {code: text for code, text in _CONTROLS.items() if chr(code) not in "\t\n"}


def printable(text: str) -> str:
    """A text of several lines; its line breaks and tabs stay."""
    return text.translate(_IN_LINES)


def one_line(text: object) -> str:
    """A name or a message within a line of others: nothing in it ends the line."""
    return str(text).translate(_CONTROLS)


def one_line_command(command: str) -> str:
    """A quoted command line on one line, which bash and zsh still take: breaks become escapes within $''."""
    return printable(command.replace("\n", "'$'\\n''"))
