"""Files of an output that was there before: what a stage that looks at them says of a clip's. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

EXISTING = "existing"
"""What such a stage writes."""


@dataclass(frozen=True)
class Existing:
    """Whether a clip's files are taken as they are. why: what is wrong with them; empty where nothing is, or where
    there are none.
    """

    is_taken: bool = False
    why: str = ""

    def summary(self) -> dict[str, Any]:
        """What `once` shows."""
        return {"is_taken": self.is_taken, "why": self.why}
