"""What a stage is, to those who run it. A stage module exports `SPEC` (from its spec.py) and `open_stage` (from its
stage.py).

Two kinds. A *source* turns media into frames, once. A *consumer* is told of each chunk of frames and answers with an
artifact. One clip at a time goes through a pass; nothing of a clip outlives it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from services.base.media.clip import Clip, Media
from services.base.media.video import FrameChunk, VideoInfo


@dataclass(frozen=True)
class StageSpec:
    """What a stage is. Inert: building one probes nothing.

    version: raised by hand when the stage's bytes change. config: a frozen dataclass whose fields have defaults and
    scalar types.
    reads: names of artifacts it needs. writes: the name of the artifact it makes ("frames" for a source).
    libraries: distributions whose version decides bytes. cached: whether its artifact is worth keeping in the store.
    package: where its files lie; by default the package of its config.
    """

    name: str
    version: int
    config: type
    reads: tuple[str, ...]
    writes: str
    libraries: tuple[str, ...] = ()
    cached: bool = False
    package: str = ""

    def __post_init__(self) -> None:
        if not self.package:
            object.__setattr__(self, "package", self.config.__module__.rpartition(".")[0])


@dataclass(frozen=True)
class ConfiguredStage:
    """A stage and its config, as another stage may be told of them: stages do not import each other."""

    spec: StageSpec
    config: Any


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
