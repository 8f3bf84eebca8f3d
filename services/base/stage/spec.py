"""What a stage is, to those who run it. A stage module exports `SPEC` (from its spec.py) and `open_stage` (from its
stage.py).

Two kinds. A *source* turns media into a stream, once. A *consumer* receives each chunk of the streams that it reads
and answers with an artifact. One clip at a time goes through a pass; nothing of a clip outlives it.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from services.base.media.clip import Clip, Media
from services.base.stage.existing import EXISTING
from services.base.stage.metric import StageMetric
from services.base.stage.stream import STREAMS
from services.base.stage.window import Window


@dataclass(frozen=True)
class ByName:
    """A module, or "module:member" of one, that is imported when it is used and not before."""

    target: str

    def resolve(self) -> Any:
        """What the name means. Raises ImportError or AttributeError when nothing has it."""
        module, _, member = self.target.partition(":")
        found = importlib.import_module(module)
        return getattr(found, member) if member else found

    def __call__(self, *args: Any) -> Any:
        return self.resolve()(*args)


@dataclass(frozen=True)
class Fingerprint:
    """What of a config decides bytes.

    key_config: what decides an artifact's bytes. run_config: that, and what decides which clips come out; None: the
    same. libraries: distributions whose version decides the bytes of this config; None: all that the spec names.
    """

    key_config: Mapping[str, Any]
    run_config: Mapping[str, Any] | None = None
    libraries: tuple[str, ...] | None = None


def all_settings(config: Any) -> Fingerprint:
    """The fingerprint of a config dataclass whose every field decides bytes."""
    return Fingerprint(dataclasses.asdict(config))


def no_settings(config: Any, device: str) -> Mapping[str, Any]:
    """Of a stage that leaves no setting to the machine."""
    del config, device
    return {}


def no_window(config: Any) -> Window | None:
    """Of a stage that computes each clip alone."""
    del config
    return None


def no_models(config: Any) -> Mapping[str, str]:
    """Of a stage that loads no model file."""
    del config
    return {}


@dataclass(frozen=True)
class StageSpec:
    """What a stage is. Inert: building one probes nothing, and what it names is imported on use.

    version: raised by hand when the stage's bytes change. config: a frozen dataclass whose fields have defaults and
    scalar types.
    reads: names of artifacts and streams it needs. writes: names of the artifacts it makes, or the one stream of a
    source. libraries: distributions whose version decides bytes. cached: whether its artifacts are worth keeping in the
    store.
    fingerprint: (config) -> what of it decides bytes. settled: (config, device) -> the settings that the machine
    decides, as a run pins them; device: what "auto" means, empty: what it means here. models: (config) -> digests of
    the model files it loads by name; raises BadConfig when one is missing.
    opens: (config) -> the opened stage, a `Source` or a `Consumer`. rpc: the module with open_remote, add_serve_flags
    and serve; None: it runs beside its worker. writer: (config, shard, num_shards, create) -> a `ShardWriter` for a
    stage that may be the last one; None: it may not.
    artifacts: of those that it writes, name -> dataclass of arrays and JSON values: what may be kept in the store and
    may leave the process (see `encode_artifact`); a `Product` is not one of them.
    metrics: what it measures, for Prometheus.
    counts: what the facts of its stream count (see `counts` of a stream's facts), such as "frames".
    window: (config) -> the clips of a shard that it computes together; None: each is computed alone. Such a stage is
    given its artifacts as `Together`, and answers likewise; of a clip alone, as any other.
    media_reasons: of a consumer, reason of a source that refuses a clip -> the reason that the clip is left out for in
    its passes; others stay as they are.
    looks_at: (config, clip) -> files of the clip that the output may hold from before, by role; they are among the
    job's extras where they are there. Such a stage is asked before any stream is opened, after the stages whose
    artifacts it reads. It writes `existing` alone, and where that says that the files are taken, gives the artifacts of
    the stages which need not run then, by name, and the facts of a stream that is not decoded. None: it looks at none.
    """

    name: str
    version: int
    config: type
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    cached: bool = False
    fingerprint: Callable[[Any], Fingerprint] = all_settings
    settled: Callable[[Any, str], Mapping[str, Any]] = no_settings
    models: Callable[[Any], Mapping[str, str]] = no_models
    opens: ByName | None = None
    rpc: ByName | None = None
    writer: ByName | None = None
    artifacts: Mapping[str, type] = dataclasses.field(default_factory=dict, hash=False)
    metrics: tuple[StageMetric, ...] = ()
    counts: tuple[str, ...] = ()
    window: Callable[[Any], Window | None] = no_window
    media_reasons: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    looks_at: Callable[[Any, Clip], Mapping[str, str]] | None = None

    def __post_init__(self) -> None:
        if not self.writes or type(self.writes) is not tuple:
            raise ValueError(f"stage {self.name} must write a tuple of one name or more, not {self.writes!r}")
        if STREAMS.keys() & {*self.writes} and len(self.writes) > 1:
            raise ValueError(f"stage {self.name} is a source and must write one stream alone, not {self.writes}")
        if not self.artifacts.keys() <= {*self.writes}:
            raise ValueError(f"stage {self.name} writes {self.writes} and gives types of {sorted(self.artifacts)}")
        if self.looks_at is not None and self.writes != (EXISTING,):
            raise ValueError(f"stage {self.name} looks at files that are there, so it writes {EXISTING!r} alone")
        if self.source_of is None and any(metric.fact for metric in self.metrics):
            raise ValueError(f"stage {self.name} has no stream whose facts its metrics could count")
        if self.media_reasons and not self.streams:
            raise ValueError(f"stage {self.name} reads no stream, and so no source's reasons could be renamed for it")

    @property
    def streams(self) -> frozenset[str]:
        """The streams it reads chunk by chunk; empty for a stage that needs none, such as one of text."""
        return frozenset(STREAMS.keys() & {*self.reads})

    @property
    def source_of(self) -> str | None:
        """The stream that it makes; None for a consumer."""
        return self.writes[0] if self.writes[0] in STREAMS else None


def artifact_types(specs: Iterable[StageSpec]) -> dict[str, type]:
    """Of every artifact of these stages, its type by name."""
    return {name: made for spec in specs for name, made in spec.artifacts.items()}


@dataclass(frozen=True)
class ConfiguredStage:
    """A stage and its config, as another stage may be told of them: stages do not import each other."""

    spec: StageSpec
    config: Any


@dataclass(frozen=True)
class ClipJob:
    """One clip to take through a pass. extras: bytes of the clip's other inputs by role, e.g. {"align": b"..."}.

    max_frames: where to stop decoding this clip, as a `Source` takes it.
    """

    clip: Clip
    media: Media
    extras: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    max_frames: int | None = None


class ClipConsumer(Protocol):
    """One stage at work on one clip: push every chunk, then finish. wants: kinds of the chunks that it is pushed."""

    wants: frozenset[str]

    def push(self, chunk: Any) -> None:
        """The next chunk of a stream it wants, in order; chunks of two streams come in order of time."""
        ...

    def finish(self, given: Mapping[str, Any]) -> Any:
        """The artifact; a mapping by name where the spec writes several.

        given: artifacts by name, with "info" (VideoInfo or None) and "facts" (DecodeFacts or None) of the frames, and
        "audio_info" and "audio_facts" of the waveform.
        """
        ...


class Consumer(Protocol):
    """What any other stage's `StageSpec.opens(config)` returns.

    info: a VideoInfo for a stage that reads frames, an AudioInfo for one that reads a waveform alone; None when nothing
    decodes that stream (all remote or cached), or for a stage that reads none.
    """

    def __call__(self, job: ClipJob, info: Any) -> ClipConsumer: ...
