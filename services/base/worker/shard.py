"""One shard: read, carry through the pass, write, commit. The commit is done.json, created last."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import logging
import shlex
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
from services.base.stage.config import config_from_mapping
from services.base.stage.product import Product
from services.base.stage.spec import StageSpec
from services.base.stage.writer import ShardWriter
from services.base.store.input_roots import open_inputs
from services.base.store.interface import NotThere, ReadableStore, Store, Upload
from services.base.store.open import open_store
from services.base.worker.carrying import CarriedClip, Carrier, Carrying, say
from services.base.worker.children import PassChildren
from services.base.worker.fingerprint import StageIdentity
from services.base.worker.prefetch import ClipInputs, ExistingFiles

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShardContext:
    """What all shards of a worker share."""

    spec: RunSpec
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
        spec: RunSpec,
        specs: Mapping[str, StageSpec],
        identities: list[StageIdentity],
        state: Store,
        flags: argparse.Namespace,
    ) -> ShardContext:
        clips = state.read(paths.clips_file(spec.run))
        return cls(
            spec,
            specs,
            identities,
            open_clips(clips, spec.clips_sha256),
            state,
            open_inputs(spec.media_roots, follow_links=spec.follow_links),
            open_store(spec.output_root),
            flags.max_shard_failures,
            flags.artifact_cache,
            tuple(flags.remote),
        )

    def existing_files(self) -> ExistingFiles | None:
        """What a stage of the pass looks at in the output; None where none does."""
        for stage in self.spec.stages:
            spec = self.specs[stage.name]
            if spec.looks_at is not None:
                config = config_from_mapping(spec.config, stage.config)
                return ExistingFiles(self.outputs, functools.partial(spec.looks_at, config))
        return None


class ShardWork:
    """One attempt at one shard."""

    def __init__(
        self, context: ShardContext, shard: int, attempt: int, children: PassChildren, should_stop: Callable[[], bool]
    ) -> None:
        self._c = context
        self._shard = shard
        self._attempt = attempt
        self._children = children
        self._should_stop = should_stop
        self._records: Counter[str] = Counter()
        self._counts: dict[str, float] = {}
        self._reused: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._inputs: dict[str, str] = {}
        self._quality: list[str] = []
        self._quarantine: list[QuarantineEntry] = []
        self._tried: set[str] = set()
        run, num_shards = context.spec.run, context.spec.num_shards
        self._done_name = paths.done_file(run, shard, num_shards)
        self._quarantine_name = paths.quarantine_file(run, shard, num_shards)
        self._quality_name = paths.quality_file(run, shard, num_shards)
        self._mended_name = paths.accepted_changes_file(run, shard, num_shards)
        self._mended: dict[str, tuple[int, str]] = {}
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
            with contextlib.closing(self._carrier(writer).carried(ahead)) as carried:
                for clip in carried:
                    with log.bound(clip=clip.read.row.key):
                        self._settle(clip)
            for file in writer.close():
                written[file.name]["num_records"] = file.num_records
        except BaseException:
            writer.abort()
            raise
        self._commit(dict(sorted(written.items())), time.monotonic() - began_s)

    def _open_writer(self, written: dict[str, dict[str, Any]]) -> ShardWriter:
        """written: gets what a commit says of each file once it is closed."""
        stage = self._c.spec.stages[-1]
        spec = self._c.specs[stage.name]
        if spec.writer is None:
            raise BadConfig("NO_WRITER", f"{spec.name} writes no files: end the pass with a stage that does")

        def create(name: str) -> _Sink:
            return _Sink(name, paths.staged(self._c.spec.run, name), self._c.outputs, written)

        config = config_from_mapping(spec.config, stage.config)
        writer: ShardWriter = spec.writer(config, self._shard, self._c.spec.num_shards, create)
        return writer

    def _commit(self, outputs: Mapping[str, Mapping[str, Any]], wall_s: float) -> None:
        if self._mended:
            self._c.state.put(self._mended_name, canonical_json(self._mended).encode())
        self._put_quarantine()
        self._c.state.put(self._quality_name, "".join(line + "\n" for line in self._quality).encode())
        listing = Listing.of(outputs) if len(outputs) > MOST_INLINE else None
        if listing is not None:
            run, num_shards = self._c.spec.run, self._c.spec.num_shards
            lines = b"".join(listing_lines(outputs))
            self._c.state.put(paths.listing_file(run, self._shard, num_shards, listing.sha256), lines)
        done = ShardCommit(
            self._shard,
            self._c.spec.digest,
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
        counted = {"records": done.records, "quarantined": done.num_quarantined, "counts": done.counts}
        LOG.info("shard done", extra={"fields": {**counted, "wall_s": done.seconds["wall"]}})
        say(event="shard_done", shard=self._shard, skipped=False, **counted, seconds=done.seconds)

    def _carrier(self, writer: ShardWriter) -> Carrier:
        c = self._c
        carrying = Carrying(c.identities, c.specs, c.state, c.use_cache, self._shard, self._stop_if_asked, writer)
        return self._children.carrier(carrying)

    def _settle(self, clip: CarriedClip) -> None:
        """What a clip has come to is told, whose files the writer has, or it is set aside."""
        row = clip.read.row
        self._tried.add(row.key)
        if clip.read.error is None and clip.read.media is not None:
            self._inputs[row.key] = clip.read.media.sha256
        add_to(self._counts, clip.counts)
        add_to(self._seconds, clip.seconds)
        if clip.product is None or clip.error is not None:
            self._set_aside(row, clip.error or VisemillError("NO_PRODUCT", f"{row.key} has no product"))
        else:
            self._reused.update(clip.reused)
            self._tell(clip, clip.product)
        metrics.CLIPS.labels("ok" if clip.error is None else "quarantined").inc()
        metrics.CLIP_SECONDS.observe(clip.wall_s)
        counted = {"ok": clip.error is None, "wall_s": round(clip.wall_s, 3), "counts": rounded(clip.counts)}
        say(event="clip", shard=self._shard, key=row.key, **counted)
        if 0 <= self._c.max_failures < len(self._quarantine):
            raise BadShard(
                "TOO_MANY_FAILURES",
                f"shard {self._shard} has over {self._c.max_failures} quarantined clips, "
                f"the last one {row.key}: fix them, or raise --max-failures",
            )

    def _tell(self, clip: CarriedClip, product: Product) -> None:
        row = clip.read.row
        self._records[row.split] += 1
        flags = sorted({*product.flags, *(["SPLIT_BATCHES"] if clip.has_split else [])})
        facts = {"key": row.key, "split": row.split, "flags": flags, **product.quality}
        if clip.existing is not None and (clip.existing.is_taken or clip.existing.why):
            facts |= {"adopted": True} if clip.existing.is_taken else {"made_again": clip.existing.why}
        for name, data in product.sidecars.items():
            self._c.state.put(paths.sidecar_file(self._c.spec.run, row.key, name), data)
        self._quality.append(canonical_json(facts))

    def _set_aside(self, row: ClipRow, error: VisemillError) -> None:
        """Reported at once and not only with the commit, so that a run which stops at this clip says why."""
        run = ["visemill", "reproduce", "--output-root", self._c.spec.output_root, "--clip", row.key]
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
        inputs = ClipInputs(self._c.inputs, self._before, fixed, self._c.existing_files())
        self._mended = inputs.fixed
        return inputs

    def _stop_if_asked(self) -> None:
        if self._should_stop():
            raise Transient("STOPPED", "asked to stop before the shard was done: run it again")


class _Sink:
    """What a shard writer writes to: closing commits the upload, of which its facts are left."""

    def __init__(self, name: str, staged: str, outputs: Store, written: dict[str, dict[str, Any]]) -> None:
        self._name = name
        self._staged = staged
        self._outputs = outputs
        self._written = written
        # What an attempt without a commit has left would only take up room beside its successor.
        outputs.delete(staged)
        self._upload: Upload | None = outputs.upload(staged)

    def write(self, data: bytes | memoryview, /) -> None:
        if self._upload is None:
            raise ValueError(f"{self._name} is closed: nothing can be written to it")
        self._upload.write(data)

    def close(self) -> None:
        if self._upload is not None:
            self._upload.commit()
            self._written[self._name] = {"sha256": self._upload.sha256, "size_bytes": self._upload.size_bytes}
            self._upload = None

    def abort(self) -> None:
        if self._upload is not None:
            self._upload.abort()
            self._upload = None
        if self._written.pop(self._name, None) is not None:
            self._outputs.delete(self._staged)
