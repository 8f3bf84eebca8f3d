"""One shard: read, carry through the pass, write, commit. The commit is done.json, created last."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.base.digest import canonical_json
from services.base.errors import BadConfig, BadShard, Transient, VisemillError
from services.base.process import log, metrics
from services.base.run import paths
from services.base.run.listing import MOST_INLINE, Listing, listing_lines
from services.base.run.manifest import ClipRow, Manifest, open_clips
from services.base.run.spec import QuarantineEntry, RunSpec, ShardCommit, lines_of
from services.base.run.totals import add_to, rounded
from services.base.sandbox.supervisor import ArtifactPart, DonePart, FactsPart, NextClip, PassChild
from services.base.sandbox.watchdog import MEMORY_RAN_OUT
from services.base.stage.artifacts import encode_artifact
from services.base.stage.config import config_from_mapping
from services.base.stage.product import Product
from services.base.stage.spec import ClipJob, StageSpec
from services.base.stage.writer import ShardWriter
from services.base.store.input_roots import open_inputs
from services.base.store.interface import NotThere, ReadableStore, Store, Upload
from services.base.store.open import open_store
from services.base.worker.artifact_cache import KnownOfClip, known_of
from services.base.worker.fingerprint import StageIdentity
from services.base.worker.prefetch import ClipInputs, ClipsAhead, ReadClip

LOG = logging.getLogger(__name__)

# How often a wait asks whether to stop.
_POLL_S = 0.1
# Waits between tries of a clip whose remote stage does not answer; then the shard is tried again later.
_TRANSIENT_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)


def say(**event: Any) -> None:
    """One event as a line on standard output, for whoever watches."""
    sys.stdout.write(json.dumps({"event": event.pop("event"), **event}) + "\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class ShardContext:
    """What all shards of a worker share."""

    order: RunSpec
    specs: Mapping[str, StageSpec]
    identities: list[StageIdentity]
    manifest: Manifest
    state: Store
    inputs: ReadableStore
    outputs: Store
    max_failures: int
    use_cache: bool
    remote: tuple[str, ...] = ()

    @classmethod
    def open(
        cls,
        order: RunSpec,
        specs: Mapping[str, StageSpec],
        identities: list[StageIdentity],
        state: Store,
        flags: argparse.Namespace,
    ) -> ShardContext:
        clips = state.read(paths.clips_file(order.run))
        return cls(
            order,
            specs,
            identities,
            open_clips(clips, order.clips_sha256),
            state,
            open_inputs(order.media_roots, follow_links=order.follow_links),
            open_store(order.output_root),
            flags.max_shard_failures,
            flags.artifact_cache,
            tuple(flags.remote),
        )


class ShardWork:
    """One attempt at one shard."""

    def __init__(
        self, context: ShardContext, shard: int, attempt: int, child: PassChild, should_stop: Callable[[], bool]
    ) -> None:
        self._c = context
        self._shard = shard
        self._attempt = attempt
        self._child = child
        self._should_stop = should_stop
        self._records: Counter[str] = Counter()
        self._counts: dict[str, float] = {}
        self._reused: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._inputs: dict[str, str] = {}
        self._quality: list[str] = []
        self._quarantine: list[QuarantineEntry] = []
        self._tried: set[str] = set()
        run, num_shards = context.order.run, context.order.num_shards
        self._done_name = paths.done_file(run, shard, num_shards)
        self._quarantine_name = paths.quarantine_file(run, shard, num_shards)
        self._quality_name = paths.quality_file(run, shard, num_shards)
        self._mended_name = paths.accepted_changes_file(run, shard, num_shards)
        self._mended: dict[str, tuple[int, str]] = {}
        self._next: tuple[ClipJob, KnownOfClip] | None = None
        self._before: dict[str, dict[str, Any]] = {}

    def run(self) -> None:
        """Does nothing when the shard is done. Raises BadShard, BadConfig or Transient; nothing is committed then."""
        if self._c.state.stat(self._done_name) is not None:
            metrics.SHARDS.labels("skipped").inc()
            say(event="shard_done", shard=self._shard, skipped=True)
            return
        began_s = time.monotonic()
        inputs = self._open_inputs()
        written: dict[str, dict[str, Any]] = {}
        writer = self._open_writer(written)
        try:
            ahead = inputs.ahead(self._c.manifest.rows(self._shard), self._stop_if_asked)
            for read in ahead:
                with log.bound(clip=read.row.key):
                    self._one_clip(read, ahead, writer)
            for file in writer.close():
                written[file.name]["num_records"] = file.num_records
        except BaseException:
            writer.abort()
            raise
        self._commit(dict(sorted(written.items())), time.monotonic() - began_s)

    def _open_writer(self, written: dict[str, dict[str, Any]]) -> ShardWriter:
        """written: gets what a commit says of each file once it is closed."""
        stage = self._c.order.stages[-1]
        spec = self._c.specs[stage.name]
        if spec.writer is None:
            raise BadConfig("NO_WRITER", f"{spec.name} writes no files: end the pass with a stage that does")

        def create(name: str) -> _Sink:
            staged = paths.staged(self._c.order.run, name)
            # What an attempt without a commit has left would only take up room beside its successor.
            self._c.outputs.delete(staged)
            return _Sink(name, self._c.outputs.upload(staged), written)

        config = config_from_mapping(spec.config, stage.config)
        writer: ShardWriter = spec.writer(config, self._shard, self._c.order.num_shards, create)
        return writer

    def _commit(self, outputs: Mapping[str, Mapping[str, Any]], wall_s: float) -> None:
        if self._mended:
            self._c.state.put(self._mended_name, canonical_json(self._mended).encode())
        self._put_quarantine()
        self._c.state.put(self._quality_name, "".join(line + "\n" for line in self._quality).encode())
        listing = Listing.of(outputs) if len(outputs) > MOST_INLINE else None
        if listing is not None:
            run, num_shards = self._c.order.run, self._c.order.num_shards
            lines = b"".join(listing_lines(outputs))
            self._c.state.put(paths.listing_file(run, self._shard, num_shards, listing.sha256), lines)
        done = ShardCommit(
            self._shard,
            self._c.order.digest,
            {} if listing is not None else outputs,
            self._inputs,
            dict(self._records),
            {**{k: round(v, 3) for k, v in self._seconds.items()}, "wall": round(wall_s, 3)},
            {"clips": self._records.total(), **rounded(self._counts)},
            len(self._quarantine),
            dict(self._reused),
            self._attempt,
            listing,
        )
        self._c.state.create(self._done_name, done.to_json())
        metrics.SHARDS.labels("committed").inc()
        metrics.SHARD_SECONDS.observe(wall_s)
        told = {"records": done.records, "quarantined": done.num_quarantined, "counts": done.counts}
        LOG.info("shard done", extra={"fields": {**told, "wall_s": done.seconds["wall"]}})
        say(event="shard_done", shard=self._shard, skipped=False, **told, seconds=done.seconds)

    def _one_clip(self, read: ReadClip, ahead: ClipsAhead, writer: ShardWriter) -> None:
        row, began_s, before = read.row, time.monotonic(), dict(self._counts)
        self._tried.add(row.key)
        try:
            self._inputs[row.key] = read.job.media.sha256
            product = self._carry(read.job, ahead)
        except (BadConfig, Transient, BadShard):
            raise
        except VisemillError as error:
            self._set_aside(row, error)
        else:
            writer.add(row.clip(), product)
            self._records[row.split] += 1
            facts = {"key": row.key, "split": row.split, "flags": list(product.flags), **product.quality}
            for name, data in product.sidecars.items():
                self._c.state.put(paths.sidecar_file(self._c.order.run, row.key, name), data)
            self._quality.append(canonical_json(facts))
        is_ok = not self._quarantine or self._quarantine[-1].key != row.key
        wall_s = round(time.monotonic() - began_s, 3)
        counts = rounded({name: value - before.get(name, 0) for name, value in self._counts.items()})
        metrics.CLIPS.labels("ok" if is_ok else "quarantined").inc()
        metrics.CLIP_SECONDS.observe(wall_s)
        say(event="clip", shard=self._shard, key=row.key, ok=is_ok, wall_s=wall_s, counts=counts)
        if 0 <= self._c.max_failures < len(self._quarantine):
            raise BadShard(
                "TOO_MANY_FAILURES",
                f"shard {self._shard} has over {self._c.max_failures} quarantined clips, "
                f"the last one {row.key}: fix them, or raise --max-failures",
            )

    def _carry(self, job: ClipJob, ahead: ClipsAhead) -> Product:
        for wait_s in (*_TRANSIENT_WAITS_S, None):
            try:
                return self._carry_once(job, ahead)
            except Transient as error:
                if wait_s is None or error.reason == MEMORY_RAN_OUT:
                    raise
                metrics.CLIP_WAITS.inc()
                LOG.warning("clip waits", extra={"fields": {"reason": error.reason, "wait_s": wait_s}})
                say(event="waiting", shard=self._shard, why=f"{error.reason}: {error.message}", wait_s=wait_s)
                until_s = time.monotonic() + wait_s
                while time.monotonic() < until_s:
                    self._stop_if_asked()
                    time.sleep(_POLL_S)
        raise AssertionError("unreachable")

    def _carry_once(self, job: ClipJob, ahead: ClipsAhead) -> Product:
        known = self._known_of(job)
        product: Product | None = None
        for part in self._child.run(job, given=known.given, then=self._after(job, ahead)):
            if isinstance(part, FactsPart):
                add_to(self._counts, part.facts.counts)
            elif isinstance(part, DonePart):
                for stage, seconds in part.seconds.items():
                    self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds
            elif isinstance(part, ArtifactPart) and part.name in known.names:
                self._c.state.put(known.names[part.name], encode_artifact(part.name, part.value))
                metrics.ARTIFACTS.labels("made").inc()
            elif isinstance(part, ArtifactPart) and isinstance(part.value, Product):
                product = part.value
        if product is None:
            raise VisemillError("NO_PRODUCT", f"{job.clip.key}: the pass ended without a product")
        self._reused.update(known.reused)
        metrics.ARTIFACTS.labels("found").inc(len(known.given))
        return product

    def _after(self, job: ClipJob, ahead: ClipsAhead) -> NextClip | None:
        """The clip that the child may begin while this one waits; what is wrong with it comes up at its turn."""
        read = ahead.peek() if self._child.begins_next else None
        # A copy of this clip would not find what this clip is about to leave in the store.
        if read is None or read.job.media.sha256 == job.media.sha256:
            return None
        with contextlib.suppress(VisemillError):
            self._next = (read.job, self._known_of(read.job))
            return NextClip(read.job, self._next[1].given)
        return None

    def _known_of(self, job: ClipJob) -> KnownOfClip:
        found, self._next = self._next, None
        if found is not None and found[0] is job:
            return found[1]
        if not self._c.use_cache:
            return KnownOfClip()
        return known_of(job, self._c.identities, self._c.specs, self._c.state)

    def _set_aside(self, row: ClipRow, error: VisemillError) -> None:
        """Told at once and not only with the commit, so that a run which stops at this clip says why."""
        run = ["visemill", "reproduce", "--output-root", self._c.order.output_root, "--clip", row.key]
        inputs = self._c.inputs.uri
        message = error.message.replace(f"{inputs}/", "").replace(inputs, "the input root")
        line = QuarantineEntry(
            row.key,
            row.media,
            row.split,
            error.kind,
            error.reason,
            message,
            error.detail,
            shlex.join(run),
            self._shard,
        )
        LOG.warning("clip quarantined", extra={"fields": {"reason": error.reason}})
        self._quarantine.append(line)
        self._put_quarantine()

    def _put_quarantine(self) -> None:
        """What is set aside by now, and of the attempt before what has not been tried again yet."""
        before = [QuarantineEntry(**line) for key, line in self._before.items() if key not in self._tried]
        lines = "".join(line.to_json() + "\n" for line in [*self._quarantine, *before])
        self._c.state.put(self._quarantine_name, lines.encode())

    def _open_inputs(self) -> ClipInputs:
        """Clips that were in this shard's quarantine have given nothing to the output yet, so they may be fixed."""
        fixed: dict[str, tuple[int, str]] = {}
        with contextlib.suppress(NotThere):
            self._before = {line["key"]: line for line in lines_of(self._c.state.read(self._quarantine_name))}
        with contextlib.suppress(NotThere):
            found = json.loads(self._c.state.read(self._mended_name))
            fixed = {name: (size, version) for name, (size, version) in found.items()}
        inputs = ClipInputs(self._c.inputs, self._before, fixed)
        self._mended = inputs.fixed
        return inputs

    def _stop_if_asked(self) -> None:
        if self._should_stop():
            raise Transient("STOPPED", "asked to stop before the shard was done: run it again")


class _Sink:
    """What a shard writer writes to: closing commits the upload, of which its facts are left."""

    def __init__(self, name: str, upload: Upload, written: dict[str, dict[str, Any]]) -> None:
        self._name = name
        self._upload = upload
        self._written = written
        self._closed = False

    def write(self, data: bytes, /) -> None:
        self._upload.write(data)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._upload.commit()
            self._written[self._name] = {"sha256": self._upload.sha256, "size_bytes": self._upload.size_bytes}

    def abort(self) -> None:
        self._closed = True
        self._upload.abort()
