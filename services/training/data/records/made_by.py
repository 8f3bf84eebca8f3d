"""I/O: which run has made a set of TFRecords, and what it says it has written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.spec import RunSpec, run_spec_from_json, shard_commit_from_json
from services.base.store.interface import NotThere, ReadableStore
from services.base.store.open import join_uri, open_store
from services.training.data.records.clip_index import ClipIndex


@dataclass(frozen=True)
class MakingRun:
    """run: its name. digest: of all that decides the records. written: file -> {"sha256", "size_bytes",
    "num_records"}.
    """

    run: str
    digest: str
    written: Mapping[str, Mapping[str, Any]]

    def check(self, index: ClipIndex, uri: str) -> None:
        """Raises BadConfig DATA_CHANGED where a whole file is not what the run wrote; damaged ones are known to be."""
        damaged = {damage.file for damage in index.damages}
        for number, file in enumerate(index.files):
            facts = self.written.get(file.name)
            if number not in damaged and (facts is None or facts["sha256"] != file.sha256):
                raise BadConfig(
                    "DATA_CHANGED",
                    f"{file.name} in {uri} has sha256 {file.sha256[:16]}…, and run {self.run} wrote "
                    f"{'no such file' if facts is None else facts['sha256'][:16] + '…'}: `visemill verify` it, or copy "
                    "the records alone into a folder of their own",
                )


def making_run(data: ReadableStore) -> MakingRun | None:
    """The run that `visemill run` made the data with; None where no run did, or nothing is left of its state.

    Raises BadConfig NOT_FINISHED, or where its files cannot be read.
    """
    try:
        claim = json.loads(data.read(paths.CLAIM))
        run, root = str(claim["run"]), str(claim.get("state") or join_uri(data.uri, paths.STATE_DIR))
    except NotThere:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadConfig("BAD_CLAIM", f"{paths.CLAIM} in {data.uri} cannot be read ({error!r}): restore it") from error
    state = open_store(root)
    try:
        spec = run_spec_from_json(state.read(paths.run_file(run)))
    except NotThere:
        return None
    if state.stat(paths.finished_file(run)) is None:
        raise BadConfig(
            "NOT_FINISHED",
            f"run {run}, which makes {data.uri}, is not finished: `visemill resume --output-root {data.uri}`",
        )
    return MakingRun(run, spec.map_pass.digest, _written(state, spec))


def _written(state: ReadableStore, spec: RunSpec) -> Mapping[str, Mapping[str, Any]]:
    written: dict[str, Mapping[str, Any]] = {}
    for i in range(spec.num_shards):
        name = paths.done_file(spec.run, i, spec.num_shards)
        try:
            written.update(shard_commit_from_json(state.read(name)).outputs)
        except NotThere as error:
            raise BadConfig(
                "NOT_FINISHED", f"run {spec.run} lacks {name}: `visemill resume --output-root {spec.output_root}`"
            ) from error
    return written
