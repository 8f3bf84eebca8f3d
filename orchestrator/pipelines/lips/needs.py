"""PURE: what the lips pipeline needs of a machine."""

from __future__ import annotations

from orchestrator.pipelines.face_records.needs import MEDIAPIPE
from orchestrator.pipelines.lips.options import LipsOptions
from orchestrator.pipelines.needs import Need, StageNeed, pip_install


def needs(options: LipsOptions) -> tuple[Need, ...]:
    """Landmarks for faces alone."""
    decode = Need("decode", StageNeed("decode"), "reading videos", pip_install("visemill"))
    records = Need("lipsfiles", StageNeed("lipsfiles"), "records of mouths", pip_install("visemill"))
    if options.source == "processed":
        return decode, records
    return decode, MEDIAPIPE, records
