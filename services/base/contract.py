"""What a stage is, to those who run it. A stage module exports `SPEC` (from its spec.py) and `open_stage` (from its
stage.py).

Two kinds. A *source* turns media into frames, once. A *consumer* is told of each chunk of frames and answers with an
artifact.
One clip at a time goes through a pass; nothing of a clip outlives it.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from services.base.errors import BadConfig
from services.base.media import Clip, DecodeFacts, FrameChunk, Media, VideoInfo

if TYPE_CHECKING:
    from services.base.artifacts import Product


@dataclass(frozen=True)
class StageSpec:
    """What a stage is. Inert: building one probes nothing.

    version: raised by hand when the stage's bytes change. config: a frozen dataclass whose fields have defaults and
    scalar types.
    reads: names of artifacts it needs. writes: the name of the artifact it makes ("frames" for a source).
    libraries: distributions whose version decides bytes. cached: whether its artifact is worth keeping in the store.
    """

    name: str
    version: int
    config: type
    reads: tuple[str, ...]
    writes: str
    libraries: tuple[str, ...] = ()
    cached: bool = False


class FrameStream(Protocol):
    """Frames of one clip, in order, each decoded exactly once."""

    @property
    def info(self) -> VideoInfo: ...

    def __iter__(self) -> Iterator[FrameChunk]:
        """Bounded chunks. Raises BadInput if nothing can be decoded or a cap is exceeded."""
        ...

    def facts(self) -> DecodeFacts:
        """Complete once the iteration has ended."""
        ...


class Source(Protocol):
    """What a source stage's `open_stage(config)` returns. Raises BadInput when the media cannot be opened."""

    def __call__(self, media: Media) -> AbstractContextManager[FrameStream]: ...


@dataclass(frozen=True)
class ClipJob:
    """One clip to carry through a pass. extras: bytes of the clip's other inputs by role, e.g. {"align": b"..."}."""

    clip: Clip
    media: Media
    extras: Mapping[str, bytes] = dataclasses.field(default_factory=dict)


class ClipConsumer(Protocol):
    """One stage at work on one clip: push every chunk, then finish. wants_frames False: push is never called."""

    wants_frames: bool

    def push(self, chunk: FrameChunk) -> None: ...

    def finish(self, given: Mapping[str, Any]) -> Any:
        """The artifact. given: artifacts by name, with "info" (VideoInfo or None) and "facts" (DecodeFacts or None)."""
        ...


class Consumer(Protocol):
    """What any other stage's `open_stage(config)` returns. info is None when nothing decodes (all remote or cached)."""

    def __call__(self, job: ClipJob, info: VideoInfo | None) -> ClipConsumer: ...


class BinarySink(Protocol):
    """Where a file's bytes go. Closing publishes the file; aborting leaves nothing of it."""

    def write(self, data: bytes, /) -> object: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


@dataclass(frozen=True)
class WrittenFile:
    """One file of a shard, closed. name: below the output root."""

    name: str
    num_records: int


class ShardWriter(Protocol):
    """What a last stage's `writer.open_writer(config, shard, num_shards, create)` returns: products in, files out."""

    def add(self, clip: Clip, product: Product) -> None:
        """Appends to the file of the clip's split, in the order of the calls."""
        ...

    def close(self) -> list[WrittenFile]:
        """Closes every sink and tells what was written, by name. Nothing can be added after."""
        ...

    def abort(self) -> None:
        """Aborts every sink; harmless after close, or twice."""
        ...


def config_from_mapping(config: type, values: Mapping[str, Any]) -> Any:
    """The config dataclass from plain values. Raises BadConfig for a name or a value it does not take."""
    known = {f.name for f in dataclasses.fields(config)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise BadConfig(
            "UNKNOWN_SETTING", f"{config.__name__} has no {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )
    try:
        return config(**values)
    except (TypeError, ValueError) as error:
        raise BadConfig("BAD_SETTING", str(error)) from error


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest_of(value: Any) -> str:
    """sha256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def add_config_flags(parser: argparse.ArgumentParser, config: type, skip: tuple[str, ...] = ()) -> None:
    """A `--flag` for each field: the name with dashes, its default, help from the field's metadata["help"].

    skip: fields that the parser has a flag for already.
    """
    hints = typing.get_type_hints(config)
    for field in dataclasses.fields(config):
        if field.name in skip:
            continue
        hint = hints[field.name]
        options = typing.get_args(hint) if typing.get_origin(hint) is typing.Literal else None
        if isinstance(hint, types.UnionType):
            hint = next(t for t in typing.get_args(hint) if t is not type(None))
        flag = "--" + field.name.replace("_", "-")
        text = field.metadata.get("help", "")
        if hint is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default, help=text)
        elif options:
            parser.add_argument(flag, choices=options, default=field.default, help=f"{text} (default: %(default)s)")
        else:
            parser.add_argument(flag, type=hint, default=field.default, help=f"{text} (default: %(default)s)")


def config_from_flags(config: type, flags: argparse.Namespace) -> Any:
    """The config dataclass from parsed flags. Raises BadConfig."""
    return config_from_mapping(config, {f.name: getattr(flags, f.name) for f in dataclasses.fields(config)})
