"""Japanese text as hiragana, by pykakasi, which the user installs: its licence, GPL-3.0, is not this project's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.base.errors import BadConfig


def hiragana() -> Callable[[str], str]:
    """Text in kanji and kana -> the same in hiragana. Raises BadConfig LIBRARY_MISSING."""
    try:
        import pykakasi  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise BadConfig(
            "LIBRARY_MISSING",
            "--romanize needs pykakasi, which is not installed: pip install pykakasi (its licence is GPL-3.0, and so "
            "it comes with no extra of visemill)",
        ) from error
    converter: Any = pykakasi.kakasi()

    def converted(text: str) -> str:
        return "".join(item["hira"] for item in converter.convert(text))

    return converted
