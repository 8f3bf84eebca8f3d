"""What becomes of a clip for its flags. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from services.base.errors import BadInput

QualityPolicy = Literal["keep", "flag", "quarantine"]
POLICY_HELP = (
    "keep: measure clips, judge nothing; flag: also report what is odd; "
    "quarantine: also set aside clips with a serious flag"
)


def judged(
    flags: tuple[str, ...], policy: QualityPolicy, serious: Sequence[str], words: Mapping[str, str]
) -> tuple[str, ...]:
    """The flags to report. keep: none, the facts speak for themselves. flag: all. quarantine: all, if none is serious.

    words: flag -> what it says of a clip. Raises BadInput under "quarantine", its reason the first flag of serious.
    """
    if policy == "keep":
        return ()
    found = next((flag for flag in serious if flag in flags), None)
    if policy == "quarantine" and found is not None:
        raise BadInput(found, f"{words[found]}: fix the clip, or choose the quality policy `flag` to keep it")
    return flags
