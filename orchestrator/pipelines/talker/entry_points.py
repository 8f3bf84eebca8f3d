"""I/O: `visemill infer talker`."""

from __future__ import annotations

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.service_commands import answer_of_module
from services.base.stage.config import argv_of
from services.talker.infer_options import InferOptions


def infer(options: InferOptions) -> Outcome:
    """Raises what the service fails with."""
    data, exit_code = answer_of_module("services.talker.infer", argv_of(options), "painting")
    text = str(data.pop("text"))
    return Outcome(data, text, exit_code)
