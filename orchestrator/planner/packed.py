"""I/O: files of many clips that an output holds before a run which takes over those of single clips."""

from __future__ import annotations

from orchestrator.pipelines.data_sets import Adoption
from orchestrator.roots import open_named
from orchestrator.runs.claim.claim import claim_of
from services.base.errors import BadConfig
from services.base.run.spec import RunSpec


def refuse_packed(adoption: Adoption, output_root: str, spec: RunSpec) -> None:
    """Raises BadConfig PACKED_OUTPUT for files of many clips that are not of this very run, which is given with the
    stage that looks: nothing of them would be taken over, and those of two runs would hold clips twice.
    """
    outputs = open_named("--output-root", output_root)
    claim = claim_of(outputs)
    if claim is not None and claim.digest == spec.digest:
        return
    packed = next((entry.name for entry in outputs.list() if adoption.is_packed(entry.name)), None)
    if packed is not None:
        folder = packed.rpartition("/")[0]
        raise BadConfig(
            "PACKED_OUTPUT",
            f"{outputs.uri} holds {packed}, and {adoption.flag} takes over files of single clips alone: unless these "
            f"are there too, `{adoption.unpack} {outputs.uri}` makes them; then move {folder} out of the output and "
            "give this command again, or choose another output root",
        )
