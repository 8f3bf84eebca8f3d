"""What is done to a text before it is compared, by a name that stands beside every score. Pure."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

NORMALIZATIONS: MappingProxyType[str, Callable[[str], str]] = MappingProxyType({"none": str})
"""none: the text as it is."""


def normalization_named(name: str) -> Callable[[str], str]:
    """Raises ValueError for an unknown name."""
    if name not in NORMALIZATIONS:
        raise ValueError(f"no normalisation {name!r}; there are {', '.join(NORMALIZATIONS)}")
    return NORMALIZATIONS[name]
