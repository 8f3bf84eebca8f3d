"""I/O: the result of a gang pass: staged by the generation that committed it, published as outputs are, marker last.

A pass is finished when its marker is there: `runs/RUN/passes/NAME/finished.json`, with the digest of the pass and the
sha256 of each file. Its files lie below the output root in a folder of the pass's name, or (at_root) in the root.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orchestrator.runs.lineage import files_of, parts_of
from services.base.digest import canonical_json
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.gang_log import LogEntry
from services.base.run.passes import GangPass
from services.base.run.spec import RunSpec
from services.base.store.interface import NotThere, Store
from services.base.worker.pass_log import PassLog

Files = Mapping[str, Mapping[str, Any]]


def published_files(spec: RunSpec, gang: GangPass, state: Store) -> Files | None:
    """Name below the output root -> {"sha256", "size_bytes"} of each file of a finished pass; None of any other.

    Raises BadConfig BAD_PASS_MARKER.
    """
    name = paths.pass_finished_file(spec.run, gang.name)
    try:
        fields = json.loads(state.read(name))
        files: Files = fields["outputs"]
        return files if fields["digest"] == gang.digest else None
    except NotThere:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise BadConfig(
            "BAD_PASS_MARKER", f"{name} in {state.uri} cannot be read ({error!r}): delete it, and resume"
        ) from error


def gangs_are_done(spec: RunSpec, state: Store) -> bool:
    """Whether every gang pass has its marker. Raises BadConfig, Transient."""
    return all(published_files(spec, gang, state) is not None for gang in spec.gangs)


def gangs_are_whole(spec: RunSpec, state: Store, outputs: Store) -> bool:
    """The same, and whether their files are in place with their sizes. Raises BadConfig, Transient."""
    return all(_is_whole(published_files(spec, gang, state), outputs) for gang in spec.gangs)


def settle(spec: RunSpec, gang: GangPass, state: Store, outputs: Store) -> bool:
    """Publishes the result of a pass if it has one; whether it is finished. To be called under the output's lease.

    A result whose files are lost is forgotten: the next generation makes it again from the last checkpoint. Safe to be
    killed and called again. Raises BadConfig OUTPUT_TAKEN, and as the log does.
    """
    marker = paths.pass_finished_file(spec.run, gang.name)
    if _is_whole(published_files(spec, gang, state), outputs):
        return True
    state.delete(marker)
    log = PassLog(state, spec.run, gang.name)
    result = log.read().result
    if result is None:
        return False
    if not _move(spec, gang, result, state, outputs):
        log.reopen()
        return False
    files = {gang.result_file(name): dict(facts) for name, facts in result.outputs.items()}
    facts = {"digest": gang.digest, "generation": result.generation, "step": result.step, "outputs": files}
    state.put(marker, canonical_json(facts).encode())
    # Those of generations that committed nothing, too.
    outputs.delete_prefix(paths.staged_result(spec.run, gang.name))
    return True


def forget_gangs(spec: RunSpec, state: Store) -> None:
    """What the ranks have read is about to change: they begin anew. To be called under the output's lease."""
    for gang in spec.gangs:
        state.delete_prefix(f"{paths.pass_dir(spec.run, gang.name)}/")


def _is_whole(files: Files | None, outputs: Store) -> bool:
    return files is not None and all(_has(outputs, name, facts) for name, facts in files.items())


def _has(outputs: Store, name: str, facts: Mapping[str, Any]) -> bool:
    entry = outputs.stat(name)
    return entry is not None and entry.size_bytes == facts["size_bytes"]


def _move(spec: RunSpec, gang: GangPass, result: LogEntry, state: Store, outputs: Store) -> bool:
    """Moves each staged file to its name; False, before any is moved, when one is neither staged nor in place."""
    staged = {name: paths.staged_result(spec.run, gang.name, result.attempt, name) for name in result.outputs}
    waiting = {name: source for name, source in staged.items() if _has(outputs, source, result.outputs[name])}
    targets = {name: gang.result_file(name) for name in result.outputs}
    if not all(name in waiting or _has(outputs, targets[name], facts) for name, facts in result.outputs.items()):
        return False
    taken = [name for name in waiting if outputs.stat(targets[name]) is not None]
    if taken:
        _refuse_records(spec, [targets[name] for name in taken], state)
    for name, source in waiting.items():
        outputs.move(source, targets[name])
    return True


def _refuse_records(spec: RunSpec, names: list[str], state: Store) -> None:
    """Raises BadConfig OUTPUT_TAKEN for a name of a file that the pass over the shards has made."""
    with files_of(state, parts_of(state, [spec.run])) as files:
        for name in names:
            if files.source_of(name) is not None:
                raise BadConfig(
                    "OUTPUT_TAKEN",
                    f"the result {name} would replace what the pass over the clips has made: name the pass or its file "
                    "otherwise",
                )
