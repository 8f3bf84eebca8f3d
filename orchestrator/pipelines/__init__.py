"""The pipelines by name, and what a pipeline is to the orchestrator.

Belongs here: one package a pipeline, their table, and what several pipelines share about data sets.
May not: execute anything, or know another pipeline.
"""

from __future__ import annotations

import difflib
import importlib
from types import ModuleType

from services.base.errors import BadConfig

PIPELINES: dict[str, str] = {
    "grid": "orchestrator.pipelines.grid.pipeline",
    "grid-ctc": "orchestrator.pipelines.grid_ctc.pipeline",
    "lips": "orchestrator.pipelines.lips.pipeline",
    "talker": "orchestrator.pipelines.talker.pipeline",
    "sign": "orchestrator.pipelines.sign.pipeline",
    "tts": "orchestrator.pipelines.tts.pipeline",
    "chinese-lips-conformer": "orchestrator.pipelines.chinese_lips_conformer.pipeline",
    "talker-unet": "orchestrator.pipelines.talker_unet.pipeline",
    "talker-syncnet": "orchestrator.pipelines.talker_syncnet.pipeline",
    "chinese-lips-lstm": "orchestrator.pipelines.chinese_lips_lstm.pipeline",
}


def pipeline_module(name: str) -> ModuleType:
    """The module of a pipeline. Raises BadConfig for a name that the table does not hold."""
    if name not in PIPELINES:
        near = difflib.get_close_matches(name, PIPELINES, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise BadConfig(
            "UNKNOWN_PIPELINE", f"there is no pipeline {name!r}, only {', '.join(sorted(PIPELINES))}{meant}"
        )
    return importlib.import_module(PIPELINES[name])
