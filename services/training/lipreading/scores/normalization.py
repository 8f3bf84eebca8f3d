"""What is done to a text before it is compared, by a name that stands beside every score. Pure."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from services.base.errors import BadConfig


def zh(text: str) -> str:
    """NFKC, without punctuation, symbols and blanks, in simplified characters (OpenCC t2s). Digits stay as they are.

    Raises BadConfig LIBRARY_MISSING.
    """
    wide = unicodedata.normalize("NFKC", text)
    letters = "".join(one for one in wide if unicodedata.category(one)[0] not in "PSZC")
    simplified: str = _simplifier().convert(letters)
    return simplified


@functools.cache
def _simplifier() -> Any:
    try:
        import opencc
    except ImportError as error:
        raise BadConfig(
            "LIBRARY_MISSING", "opencc, of normalisation zh, is not installed: pip install 'visemill[zh]'"
        ) from error
    return opencc.OpenCC("t2s")


NORMALIZATIONS: MappingProxyType[str, Callable[[str], str]] = MappingProxyType({"none": str, "zh": zh})
"""none: the text as it is."""


def normalization_named(name: str) -> Callable[[str], str]:
    """Raises ValueError for an unknown name."""
    if name not in NORMALIZATIONS:
        raise ValueError(f"no normalisation {name!r}; there are {', '.join(NORMALIZATIONS)}")
    return NORMALIZATIONS[name]
