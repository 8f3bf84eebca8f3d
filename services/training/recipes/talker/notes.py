"""What a training on persons' folders warns of. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from services.training.data.talker.person import Person

LITTLE_SPEECH_S = 60.0
"""Below this much sound a network learns the clip by heart and nothing of lips: held-out frames stay at chance."""

LESS_MEMORY = (
    "micro-batches were halved down to it, so that a lower --batchsize does not help: take --resolution 160 or a lower "
    "--width"
)
"""What helps where one frame of U-Net, or one block of SyncNet's, does not fit."""


def notes_of(persons: Sequence[Person], fps: float) -> list[str]:
    """What the log warns of at the start. fps: frames a second of the persons."""
    notes = []
    speech_s = sum(int(person.voiced_N[: person.num_frames].sum()) for person in persons) / fps
    if speech_s < LITTLE_SPEECH_S:
        notes.append(
            f"LITTLE_SPEECH: {speech_s:.0f} s of speech, where a network learns less than {LITTLE_SPEECH_S:.0f} s by "
            "heart and nothing of lips: record more, or take a SyncNet of somebody else"
        )
    unpaired = [p for p in persons if len(p.crops_NHWC) != len(p.rows_TX)]
    if unpaired:
        first, others = unpaired[0], f", and {len(unpaired) - 1} more like it" if len(unpaired) > 1 else ""
        notes.append(
            f"{first.name} has {len(first.crops_NHWC)} frames and {len(first.rows_TX)} rows of sound{others}: those "
            "that have both are used"
        )
    return notes
