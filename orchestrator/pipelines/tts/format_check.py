"""PURE: another number format than float32 is tried on a sample of the clips: which, how, and what is said of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from orchestrator.pipelines.surveys import Planned, Survey
from services.base.run.manifest import ClipRow, ClipTable
from services.features.tts.spec import SpeechConfig

STAGE = "speech"
NUM_CLIPS = 200
_MODULE = "services.features.tts.precision"
# Full networks on one core, twice, over minutes of sound a clip.
_LIMIT_S = 12 * 3600.0


def _dtype(planned: Planned) -> str:
    return str(planned.settings[STAGE].get("dtype", SpeechConfig.dtype))


def _changes(planned: Planned) -> bool:
    """Whether a format that was not accepted for this output yet may change codes."""
    return _dtype(planned) != "float32" and STAGE not in planned.made_before


def is_tried(planned: Planned) -> bool:
    """Whether the format is tried: where it may change codes, on the machine that computes."""
    return _changes(planned) and STAGE not in planned.elsewhere


def format_survey(rows: ClipTable, planned: Planned) -> Survey:
    """Raises what `python -m services.features.tts.precision` does: DTYPE_INEXACT where too many codes change."""
    names = [row.media for row in sample(rows)]

    def lines() -> Iterator[bytes]:
        yield from (f"{name}\n".encode() for name in names)

    roots = [f"--media-root={root}" for root in planned.media_roots]
    roots += ["--follow-links"] if planned.follow_links else []
    argv = ["--config", _config(planned), *roots, "--media", "-"]
    return Survey(_MODULE, argv, f"trying --dtype {_dtype(planned)} on {len(names)} clips", lines, _LIMIT_S)


def sample(rows: ClipTable, most: int = NUM_CLIPS) -> list[ClipRow]:
    """At most so many, evenly spread over the data set's own order, whatever the shards are."""
    places_N = np.argsort(rows.column("idx").to_numpy(), kind="stable")
    num = min(most, len(rows))
    return [rows[int(places_N[i * len(rows) // num])] for i in range(num)]


def _config(planned: Planned) -> str:
    return json.dumps({name: dict(planned.settings[name]) for name in ("audio", STAGE)})


def format_note(answer: Mapping[str, Any]) -> str:
    """What was measured."""
    return (
        f"--dtype {answer['dtype']} changes {answer['num_changed']} of {answer['num_codes']} codes "
        f"({answer['share']:.2%}) of a sample of {answer['num_clips']} clips, against float32; more than 1% would be "
        "refused"
    )


def untried_notes(planned: Planned) -> Iterator[str]:
    """What a user does where the format cannot be tried here, as other machines compute."""
    if _changes(planned) and not is_tried(planned):
        argv = ["python", "-m", _MODULE, "--config", _config(planned), "--media", "FILE..."]
        yield (
            f"--dtype {_dtype(planned)} is not tried on a sample here, as other machines compute; how many codes it "
            f"changes is told, on one of them, by `{shlex.join(argv)}`, which ends with 78 for more than 1%"
        )
