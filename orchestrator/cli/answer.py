"""What the command line can do, one module a command: its flags, and a function from flags to an Answer.

Belongs here: calling the parts and wording the answer. May not: parse a command line, print, or decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a command found. text: for people. data: the same for machines, JSON-able. exit_code: see
    services/base/errors.py.
    """

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int = 0
