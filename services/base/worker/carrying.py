"""How the clips of a shard go through a pass, one after the other in its order; what each has cost and come to."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from services.base.errors import BadConfig, BadShard, Transient, VisemillError
from services.base.process import log, metrics
from services.base.run.totals import add_to
from services.base.sandbox.supervisor import ArtifactPart, DonePart, FactsPart, NextClip, PassChild
from services.base.sandbox.watchdog import MEMORY_RAN_OUT
from services.base.stage.artifacts import encode_artifact
from services.base.stage.clip_pass import Part
from services.base.stage.existing import Existing
from services.base.stage.product import Product
from services.base.stage.product_stream import ProductRestarted, ProductStream
from services.base.stage.spec import ClipJob, StageSpec
from services.base.stage.writer import ShardWriter
from services.base.store.interface import Store
from services.base.worker.artifact_cache import KnownOfClip, known_of
from services.base.worker.fingerprint import StageIdentity
from services.base.worker.prefetch import ClipsAhead, ReadClip

LOG = logging.getLogger(__name__)
Result = TypeVar("Result")

# How often it is told how far a clip is.
_TELL_EVERY_S = 1.0
# How often a wait asks whether to stop.
_POLL_S = 0.1
# Waits between tries of a clip whose remote stage does not answer; then the shard is tried again later.
_TRANSIENT_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)


def say(**event: Any) -> None:
    """One event as a line on standard output, for whoever watches."""
    sys.stdout.write(json.dumps({"event": event.pop("event"), **event}) + "\n")
    sys.stdout.flush()


class OfWriter(Transient):
    """The store has lost a file while it was written. It cannot be gone on with: the shard is to be tried again."""


@dataclass
class CarriedClip:
    """A clip and what it came to: a product, or an error. made: artifacts by name.

    counts: of its streams. seconds: CPU time by stage. has_split: a batch that it was in was broken up. existing: what
    a stage says of files that were there before; None where none looks.
    """

    read: ReadClip
    product: Product | None = None
    error: VisemillError | None = None
    made: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    reused: tuple[str, ...] = ()
    wall_s: float = 0.0
    has_split: bool = False
    existing: Existing | None = None

    @contextlib.contextmanager
    def attempt(self) -> Iterator[None]:
        """Around a part of its way: what goes wrong with it is kept. Raises BadConfig, BadShard, Transient."""
        began_s = time.monotonic()
        try:
            yield
        except (BadConfig, BadShard, Transient):
            raise
        except VisemillError as error:
            self.error = error
        finally:
            self.wall_s += time.monotonic() - began_s


class Carrier(Protocol):
    """Carries the clips of a shard."""

    def carried(self, ahead: ClipsAhead) -> Generator[CarriedClip, None, None]:
        """Each with its product or its error, in the shard's order. Raises what is no clip's fault."""
        ...


@dataclass(frozen=True)
class Carrying:
    """What every way of carrying clips needs.

    identities, specs: of the stages. state: where artifacts are kept. stop_if_asked: raises Transient when a stop is
    asked for. writer: of the shard.
    """

    identities: list[StageIdentity]
    specs: Mapping[str, StageSpec]
    state: Store
    use_cache: bool
    shard: int
    stop_if_asked: Callable[[], None]
    writer: ShardWriter

    def known_of(self, job: ClipJob) -> KnownOfClip:
        if not self.use_cache:
            return KnownOfClip()
        return known_of(job, self.identities, self.specs, self.state)

    def patiently(self, call: Callable[[], Result]) -> Result:
        """The call's result; it is made again while a remote stage does not answer. Raises as it does, then."""
        for wait_s in (*_TRANSIENT_WAITS_S, None):
            try:
                return call()
            except Transient as error:
                if wait_s is None or error.reason == MEMORY_RAN_OUT or isinstance(error, OfWriter):
                    raise
                metrics.CLIP_WAITS.inc()
                LOG.warning("clip waits", extra={"fields": {"reason": error.reason, "wait_s": wait_s}})
                say(event="waiting", shard=self.shard, why=f"{error.reason}: {error.message}", wait_s=wait_s)
                until_s = time.monotonic() + wait_s
                while time.monotonic() < until_s:
                    self.stop_if_asked()
                    time.sleep(_POLL_S)
        raise AssertionError("unreachable")

    def take(self, clip: CarriedClip, parts: Generator[Part, None, None], known: KnownOfClip) -> None:
        """What the parts tell is the clip's; artifacts worth keeping are kept, files of its product are the writer's.

        Of a clip whose parts raise, the writer has nothing. Raises what they raise, and OfWriter.
        """
        with contextlib.closing(parts):
            stream = ProductStream(parts, functools.partial(self._note, clip, known))
            try:
                while stream.begins():
                    with contextlib.suppress(ProductRestarted):
                        self.writer.add(clip.read.row.clip(), stream.files())
            except Transient as error:
                if error is stream.error:
                    raise
                raise OfWriter(error.reason, error.message, error.detail) from error

    def _note(self, clip: CarriedClip, known: KnownOfClip, part: Part) -> None:
        """What a pass tells beside the files of its product."""
        if isinstance(part, FactsPart):
            add_to(clip.counts, part.facts.counts)
        elif isinstance(part, DonePart):
            for stage, seconds in part.seconds.items():
                clip.seconds[stage] = clip.seconds.get(stage, 0.0) + seconds
        elif isinstance(part, ArtifactPart) and isinstance(part.value, Product):
            clip.product = part.value
        elif isinstance(part, ArtifactPart):
            clip.made[part.name] = part.value
            if isinstance(part.value, Existing):
                clip.existing = part.value
            if part.name in known.names:
                self.state.put(known.names[part.name], encode_artifact(part.name, part.value))
                metrics.ARTIFACTS.labels("made").inc()

    def reuse(self, clip: CarriedClip, known: KnownOfClip) -> None:
        clip.reused = known.reused
        if clip.existing is not None and clip.existing.is_taken:
            clip.reused += tuple(name for name, spec in self.specs.items() if spec.looks_at is not None)
        metrics.ARTIFACTS.labels("found").inc(len(known.given))


class _FramesSaid:
    """Says now and then how far a clip is; nothing of one that is done soon."""

    def __init__(self, shard: int) -> None:
        self._shard = shard
        self._said_s = time.monotonic()

    def __call__(self, num_frames: int, num_claimed: int) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s >= _TELL_EVERY_S:
            self._said_s = now_s
            say(event="frames", shard=self._shard, frames=[num_frames, num_claimed])


class ClipByClip:
    """One clip after the other through all stages of the pass (Carrier)."""

    def __init__(self, carrying: Carrying, child: PassChild) -> None:
        self._carrying = carrying
        self._child = child
        self._next: tuple[ClipJob, KnownOfClip] | None = None

    def carried(self, ahead: ClipsAhead) -> Generator[CarriedClip, None, None]:
        for read in ahead:
            clip = CarriedClip(read)
            with log.bound(clip=read.row.key), clip.attempt():
                job = read.job
                self._child.on_frames = _FramesSaid(self._carrying.shard)
                self._carrying.patiently(lambda job=job, clip=clip: self._once(job, clip, ahead))  # type: ignore[misc]
            yield clip

    def _once(self, job: ClipJob, clip: CarriedClip, ahead: ClipsAhead) -> None:
        known = self._known_of(job)
        self._carrying.take(clip, self._child.run(job, given=known.given, then=self._after(job, ahead)), known)
        if clip.product is None:
            raise VisemillError("NO_PRODUCT", f"{job.clip.key}: the pass ended without a product")
        # Only the last stage's product goes on.
        clip.made = {}
        self._carrying.reuse(clip, known)

    def _after(self, job: ClipJob, ahead: ClipsAhead) -> NextClip | None:
        """The clip that the child may begin while this one waits; what is wrong with it comes up at its turn."""
        read = ahead.peek() if self._child.begins_next else None
        # A copy of this clip would not find what this clip is about to leave in the store.
        if read is None or read.job.media.sha256 == job.media.sha256:
            return None
        with contextlib.suppress(VisemillError):
            self._next = (read.job, self._carrying.known_of(read.job))
            return NextClip(read.job, self._next[1].given)
        return None

    def _known_of(self, job: ClipJob) -> KnownOfClip:
        found, self._next = self._next, None
        return found[1] if found is not None and found[0] is job else self._carrying.known_of(job)
