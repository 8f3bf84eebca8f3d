"""What a stage is, to those who run it. A stage module exports `SPEC` (from its spec.py) and `open_stage` (from its
stage.py).

Two kinds. A *source* turns media into frames, once. A *consumer* is told of each chunk of frames and answers with an
artifact.
One clip at a time goes through a pass; nothing of a clip outlives it.
"""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import hashlib
import json
import math
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
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


@dataclass(frozen=True)
class ConfiguredStage:
    """A stage and its config, as another stage may be told of them: stages do not import each other."""

    spec: StageSpec
    config: Any


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
    """What a source stage's `open_stage(config)` returns. Raises BadInput when the media cannot be opened.

    max_frames: where to stop for this clip, 0 at the end; None: where the config says.
    """

    def __call__(self, media: Media, max_frames: int | None = None) -> AbstractContextManager[FrameStream]: ...


@dataclass(frozen=True)
class ClipJob:
    """One clip to carry through a pass. extras: bytes of the clip's other inputs by role, e.g. {"align": b"..."}.

    max_frames: where to stop decoding this clip, as a `Source` takes it.
    """

    clip: Clip
    media: Media
    extras: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    max_frames: int | None = None


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
    hints = typing.get_type_hints(config)
    typed = {name: _typed(f"{config.__name__}'s {name}", hints[name], value) for name, value in values.items()}
    try:
        return config(**typed)
    except (TypeError, ValueError) as error:
        raise BadConfig("BAD_SETTING", str(error)) from error


_NAMES = {bool: "true or false", int: "a whole number", float: "a finite number", str: "text"}


def _typed(what: str, hint: Any, value: Any) -> Any:
    """The value as the field holds it: whole numbers count as numbers. Other types than scalar ones are not checked."""
    options = [t for t in typing.get_args(hint) if t is not type(None)] if isinstance(hint, types.UnionType) else [hint]
    if value is None and len(options) < len(typing.get_args(hint)):
        return None
    kind = options[0]
    if float in options and type(value) is int:
        value = float(value)
    if kind not in _NAMES or (type(value) in options and (type(value) is not float or math.isfinite(value))):
        return value
    raise BadConfig("BAD_SETTING", f"{what} must be {_NAMES[kind]}, not {value!r}")


def json_object(text: str, flag: str) -> dict[str, Any]:
    """The JSON object that a flag gives. Raises BadConfig BAD_FLAGS."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", f"{flag} {text!r} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadConfig("BAD_FLAGS", f"{flag} {text!r} must be a JSON object, {{...}}")
    return value


def stage_configs(text: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Settings by stage name, one entry a stage, from the JSON object that --config gives. Raises BadConfig."""
    found, known = json_object(text, "--config"), list(names)
    for name, values in found.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise BadConfig("UNKNOWN_STAGE", f"--config names {name!r}, the stages are {', '.join(known)}{hint}")
        if not isinstance(values, dict):
            raise BadConfig("BAD_FLAGS", f"--config of {name} must be an object of settings, not {values!r}")
    return {name: found.get(name, {}) for name in known}


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
