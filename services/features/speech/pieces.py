"""What bounds memory: a long sequence is computed in pieces, of as many steps as are taken at once."""

from __future__ import annotations

from collections.abc import Iterable

import torch


def first_steps(num_steps: int, num_at_once: int) -> Iterable[int]:
    """Where the pieces of a sequence begin. A graph that is exported has one piece: it is of any length."""
    return (0,) if torch.compiler.is_exporting() else range(0, num_steps, num_at_once)


def steps_from(first: int, num_at_once: int) -> slice:
    """Those of the piece that begins there."""
    return slice(None) if torch.compiler.is_exporting() else slice(first, first + num_at_once)
