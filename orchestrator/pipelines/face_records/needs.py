"""PURE: what finding a face needs of a machine."""

from __future__ import annotations

from orchestrator.pipelines.needs import Need, StageNeed

_FETCH_MODELS = "python -m services.landmarks.model_files fetch"

MEDIAPIPE = Need("landmarks mediapipe", StageNeed("landmarks"), "finding the mouth", _FETCH_MODELS)
"""The detector of faces that runs where none is chosen."""
