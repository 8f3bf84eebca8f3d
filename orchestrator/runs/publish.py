"""I/O: what happens when every shard is done: checks, then outputs move to their names, the summary last."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from orchestrator.pipelines.base import Made, Pipeline
from orchestrator.runs.claim.claim import earlier_runs
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.commits.commits import Commits
from orchestrator.runs.commits.observe import RunState, read_clips
from orchestrator.runs.commits.outputs import missing_outputs, table_of
from orchestrator.runs.commits.packed import PackedLines
from orchestrator.runs.commits.reset import forget
from orchestrator.runs.edited_files import adopts, check_nothing_lost, edited_tables, keep_replaced, refuse_edited
from orchestrator.runs.leakage import Hashed, Leak, content_leaks, frame_leaks, leak_notes, raise_if_leaking, unreported
from orchestrator.runs.lineage import Part, part_of, parts_of, quality_of, quarantine_of
from orchestrator.runs.splits_by_key import SplitsByKey
from services.base.digest import canonical_json
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.manifest import ClipRow
from services.base.run.spec import NO_SHARD, RunSpec, ShardCommit
from services.base.store.interface import NotThere, Store

_Item = TypeVar("_Item")
ABANDONED_AFTER_S = 3600.0
_NUM_MOVERS = 16
_NUM_AT_ONCE = 256
QUALITY_FILE = "quality.jsonl"
QUARANTINE_FILE = "quarantine.jsonl"


@dataclass(frozen=True)
class OutputInventory:
    """What a run has. done: shards with a commit and all their outputs. published: nothing is left to do.

    edited: tables that its user has edited since they were published.
    """

    observed: RunState
    done: frozenset[int]
    published: bool
    edited: tuple[str, ...] = ()


def take_inventory(pipeline: Pipeline, commits: Commits, outputs: Store) -> OutputInventory:
    """Looks at what is done and forgets the commits whose outputs are lost. To be called under the output's lease.

    Raises BadConfig TABLE_EDITED, before anything is forgotten, where a table that a user has edited would be written
    anew.
    """
    spec, state, observed = commits.spec, commits.state, commits.look()
    lost = missing_outputs(spec, state, outputs, commits.read(observed.done))
    # A commit may have been deleted since, as the message about one that cannot be read advises.
    whole = observed.finished and len(observed.done) == spec.num_shards and not lost
    edited = edited_tables(pipeline.tables(spec), summaries_of(spec, state), outputs) if observed.finished else []
    published = whole and not set(missing_summaries(spec, state, outputs)).difference(edited)
    if not published:
        refuse_edited(edited, outputs)
        forget(spec, state, lost)
    return OutputInventory(observed, observed.done.difference(lost), published, tuple(edited))


def publish_whole(pipeline: Pipeline, commits: Commits, outputs: Store) -> bool | None:
    """Publishes under the output's lease. True: now; None: it was; False: outputs are lost, and their shards forgotten.

    Raises BadConfig: OUTPUT_IN_USE while another process has the output, and as publish does.
    """
    with Lease(outputs.uri, commits.spec.run) as lease:
        inventory = take_inventory(pipeline, commits, outputs)
        if inventory.published:
            return None
        if len(inventory.done) < commits.spec.num_shards:
            return False
        outputs.clean_abandoned(ABANDONED_AFTER_S)
        lease.check()
        publish(pipeline, commits, inventory.observed, outputs)
        return True


def publish(pipeline: Pipeline, commits: Commits, observed: RunState, outputs: Store) -> Sequence[ShardCommit]:
    """Makes the output tree complete: the commits of all shards. observed: the commits' last look.

    Raises BadConfig when content stands in two splits and the pipeline does not only report it, when an output is gone,
    or what a user wrote into a table would be lost; NotThere when a commit is. Safe to be killed and called again: a
    file moves once, and finished.json is written when all is in place.
    """
    spec, state = commits.spec, commits.state
    # A listing may lag behind the last commits.
    done = commits.read(range(spec.num_shards))
    parts = [*parts_of(state, earlier_runs(outputs)), part_of(state, observed, done)]
    leaks = find_leaks(parts[-1], state)
    if pipeline.at_leak(spec) == "stop":
        raise_if_leaking(leaks, state.uri)
    with ExitStack() as until_written:
        made = _made(parts, state, tuple(str(leak) for leak in leaks), until_written)
        # Without stages nothing was found of any clip.
        found = {QUALITY_FILE: made.quality, QUARANTINE_FILE: made.quarantine} if spec.stages else {}
        summaries: dict[str, Iterable[bytes]] = {
            **{name: encoded(lines) for name, lines in found.items()},
            **pipeline.summary_files(made),
        }
        if adopts(pipeline, spec):
            keep_replaced(pipeline, spec, outputs, state)
        else:
            check_nothing_lost(pipeline, [part.spec for part in parts], outputs, summaries)
        move_all(spec, state, outputs, done, before=lambda: _withdraw(outputs, reversed(summaries)))
        facts = {name: _put_summary(spec, outputs, name, pieces) for name, pieces in summaries.items()}
        if pipeline.leave is not None:
            pipeline.leave(made, outputs)
    outputs.delete_prefix(paths.staged(spec.run, ""))
    finished: dict[str, object] = {"digest": spec.digest, "summaries": facts}
    if notes := leak_notes(leaks):
        finished["notes"] = notes
    state.put(paths.finished_file(spec.run), canonical_json(finished).encode())
    return done


def check_edits_kept(pipeline: Pipeline, commits: Commits, outputs: Store) -> None:
    """Raises BadConfig TABLE_EDITED where a finished run, were it published anew, would lose what a user wrote into a
    table: before anything is forgotten or made again.
    """
    spec, state, observed = commits.spec, commits.state, commits.look()
    if not observed.finished or len(observed.done) < spec.num_shards or adopts(pipeline, spec):
        return
    tables = pipeline.tables(spec) - pipeline.derived_tables(spec)
    if not edited_tables(tables, summaries_of(spec, state), outputs):
        return
    done = commits.read(observed.done)
    parts = [*parts_of(state, earlier_runs(outputs)), part_of(state, observed, done)]
    with ExitStack() as until_compared:
        summaries = pipeline.summary_files(_made(parts, state, (), until_compared))
        specs = [part.spec for part in parts]
        check_nothing_lost(pipeline, specs, outputs, summaries, "give this command again")


def _made(parts: Sequence[Part], state: Store, leaks: Sequence[str], until_written: ExitStack) -> Made:
    """What the runs of an output have made, the last part that of the run which publishes."""
    spec = parts[-1].spec
    return Made(
        spec,
        parts[-1].done if len(parts) == 1 else [shard for part in parts for shard in part.done],
        quality_of(parts),
        [_portable(line) for line in quarantine_of(parts)],
        _Clips(spec, state),
        leaks,
        until_written,
        [part.spec for part in parts[:-1]],
    )


class _Clips:
    """The frozen list of a run, read when it is gone through."""

    def __init__(self, spec: RunSpec, state: Store) -> None:
        self._spec, self._state = spec, state

    def __iter__(self) -> Iterator[ClipRow]:
        return iter(read_clips(self._state, self._spec))


def encoded(lines: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """A JSON-lines file, in pieces."""
    return (lines if isinstance(lines, PackedLines) else PackedLines(lines)).encoded()


def _withdraw(outputs: Store, summaries: Iterable[str]) -> None:
    """A summary says that what lies beside it is complete; while files are being replaced it is not."""
    for name in summaries:
        outputs.delete(name)


def _put_summary(spec: RunSpec, outputs: Store, name: str, pieces: Iterable[bytes]) -> dict[str, object]:
    """Writes a summary; its sha256 and size."""
    # Whatever a write that dies leaves lies where it is removed, and not among the outputs.
    staged = paths.staged(spec.run, name)
    with outputs.upload(staged) as upload:
        for piece in pieces:
            upload.write(piece)
        upload.commit()
    outputs.move(staged, name)
    return {"sha256": upload.sha256, "size_bytes": upload.size_bytes}


def _portable(line: Mapping[str, object]) -> dict[str, object]:
    """Without what names this machine's paths: the published list is the same bytes everywhere."""
    return {name: value for name, value in line.items() if name not in ("reproduce", "detail")}


def move_all(
    spec: RunSpec, state: Store, outputs: Store, done: Iterable[ShardCommit], *, before: Callable[[], None]
) -> None:
    """Moves every staged file to its name, several at a time. before: called once when there is one to move.

    Raises BadConfig OUTPUT_GONE, before anything is changed, when a file is neither staged nor in place.
    """
    folder = paths.staged(spec.run, "")
    with table_of(spec, state, done) as files, ThreadPoolExecutor(_NUM_MOVERS) as pool:
        files.find(outputs.list(folder), folder, of_any_size=True)
        for batch in _batches(files.missing()):
            for _ in pool.map(lambda file: _require_in_place(outputs, file.name, file.facts), batch):
                pass
        if next(files.found(), None) is not None:
            before()
        for batch in _batches(files.found()):
            for _ in pool.map(lambda file: outputs.move(f"{folder}{file.name}", file.name), batch):
                pass


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    remaining = iter(items)
    while batch := list(itertools.islice(remaining, _NUM_AT_ONCE)):
        yield batch


def _require_in_place(outputs: Store, name: str, facts: Mapping[str, Any]) -> None:
    entry = outputs.stat(name)
    if entry is None or entry.size_bytes != facts["size_bytes"]:
        raise BadConfig(
            "OUTPUT_GONE",
            f"{name} is neither staged nor in {outputs.uri} with its {facts['size_bytes']} bytes: resume, "
            "and its shard is made again",
        )


def find_leaks(part: Part, state: Store) -> list[Leak]:
    """Contents of which two splits hold records: of the same media bytes, or of the same frames."""
    # A line that planning left out may have the id of a clip that is there.
    left_out = {line["key"] for line in part.quarantine if line.get("shard") != NO_SHARD}
    splits = _splits_of(part, state, left_out)
    leaks = content_leaks(lambda: _hashed(part, left_out, splits)) if len(splits.names) > 1 else []
    return leaks + unreported(frame_leaks(part.quality), leaks)


def _hashed(part: Part, left_out: Collection[object], splits: SplitsByKey) -> Iterator[Hashed]:
    for batch in _batches(_inputs(part.done, left_out)):
        of_each = splits.of([key for key, _ in batch])
        yield from ((key, split, sha256) for (key, sha256), split in zip(batch, of_each, strict=True))


def _inputs(done: Iterable[ShardCommit], left_out: Collection[object]) -> Iterator[tuple[str, str]]:
    """(key, sha256 of its media) of every clip that is in the output."""
    return (pair for shard in done for pair in shard.inputs.items() if pair[0] not in left_out)


def _splits_of(part: Part, state: Store, left_out: Collection[object]) -> SplitsByKey:
    """The split of each clip in the output: its quality facts tell it, where they do not the frozen list."""
    splits = SplitsByKey((str(line["key"]), str(line["split"])) for line in part.quality if "split" in line)
    if all(split for _, split, _ in _hashed(part, left_out, splits)):
        return splits
    return SplitsByKey((row.key, row.split) for row in read_clips(state, part.spec))


def summaries_of(spec: RunSpec, state: Store) -> dict[str, Mapping[str, Any]]:
    """Name -> {"sha256", "size_bytes"} of what a finished run has written beside its shards."""
    name = paths.finished_file(spec.run)
    try:
        facts: dict[str, Mapping[str, Any]] = json.loads(state.read(name))["summaries"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadConfig(
            "BAD_FINISHED_FILE", f"{name} in {state.uri} cannot be read ({error!r}): delete it and resume"
        ) from error
    return facts


def notes_of(spec: RunSpec, state: Store) -> list[str]:
    """What the user should hear of a run that is finished."""
    try:
        return [str(note) for note in json.loads(state.read(paths.finished_file(spec.run))).get("notes", [])]
    except (NotThere, ValueError, AttributeError, TypeError):
        return []


def missing_summaries(spec: RunSpec, state: Store, outputs: Store) -> list[str]:
    """Summaries of a finished run that are gone or of another size."""
    wanted = summaries_of(spec, state)
    there = {name: outputs.stat(name) for name in wanted}
    return [n for n, entry in there.items() if entry is None or entry.size_bytes != wanted[n]["size_bytes"]]
