"""The pinned spec of a run: what run.json holds, and all that a worker needs to know. Pure: text <-> value."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.base.digest import canonical_json, digest_of
from services.base.errors import BadConfig
from services.base.run.listing import Listing
from services.base.run.passes import MAP_PASS, GangPass, MapPass, Pass, check_order

SCHEMA_VERSION = 2

COUNTS = ("clips", "frames", "audio_s", "tokens")
"""What is counted of a run's clips, whatever its pipeline: those in the output, and what was read of their streams."""

NO_SHARD = -1
"""Of a quarantine line about a file that planning left out."""


@dataclass(frozen=True)
class PinnedStage:
    """A stage of the pass: its config, and the digests of the model files that it decides bytes with."""

    name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunSpec:
    """A run, pinned. One of gang passes alone has no stages and no shards; its clips are what the ranks read.

    run: its name. digest: of everything that decides the output's bytes. clips_sha256: of clips.parquet.
    libraries: distribution -> version of what decides bytes. details: what the pipeline needs to finish the run.
    follow_links: whether symbolic links that leave the input root are read. appends: whether its output may hold the
    files of earlier runs, to which it adds its own. gangs: passes that follow the one over the shards, in order.
    map_digest: of the pass over the shards, where a run has others; empty: the run's. options: of the pipeline, as they
    were chosen, for whoever requests the run again; None of runs that were pinned before they were kept.
    further_roots: input roots after the first. named_roots: where else media lie that a manifest names.
    """

    run: str
    pipeline: str
    digest: str
    stages: tuple[PinnedStage, ...]
    input_root: str
    output_root: str
    num_shards: int
    num_clips: int
    clips_sha256: str
    libraries: Mapping[str, str]
    details: Mapping[str, Any] = field(default_factory=dict)
    follow_links: bool = False
    appends: bool = False
    schema_version: int = SCHEMA_VERSION
    gangs: tuple[GangPass, ...] = ()
    map_digest: str = ""
    options: Mapping[str, Any] | None = None
    further_roots: tuple[str, ...] = ()
    named_roots: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.stages and not self.gangs:
            raise ValueError("a run needs at least one stage, or a gang pass")
        if (self.num_shards < 1 and self.stages) or self.num_shards < 0:
            raise ValueError(f"a run needs at least 1 shard, not {self.num_shards}")
        if self.num_shards and not self.stages:
            raise ValueError(f"a run without stages has no shards, not {self.num_shards}")
        check_order(self.passes)

    @property
    def input_roots(self) -> tuple[str, ...]:
        """As they were given; what is named relative to a root is so to the first."""
        return (self.input_root, *self.further_roots)

    @property
    def media_roots(self) -> tuple[str, ...]:
        """All roots that clips are read from, the first input root first."""
        return (*self.input_roots, *self.named_roots)

    @property
    def passes(self) -> tuple[Pass, ...]:
        """In the order in which they are carried out."""
        return (self.map_pass, *self.gangs)

    @property
    def map_pass(self) -> MapPass:
        return MapPass(MAP_PASS, self.map_digest or self.digest, self.num_shards)

    def gang(self, name: str) -> GangPass:
        """The gang pass of that name. Raises BadConfig NO_PASS."""
        for one in self.gangs:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self.passes)
        raise BadConfig("NO_PASS", f"run {self.run} has no gang pass {name!r}; its passes are {names}")

    def to_json(self) -> bytes:
        fields = dataclasses.asdict(self)
        if self.options is None:
            del fields["options"]
        for name in ("gangs", "map_digest", "further_roots", "named_roots"):
            if not fields[name]:
                del fields[name]
        return (json.dumps(fields, indent=2, sort_keys=True) + "\n").encode()


def run_spec_from_json(data: bytes) -> RunSpec:
    """The spec of a run.json. Raises BadConfig for another schema, or for what is no spec."""
    try:
        fields = json.loads(data)
        if fields.get("schema_version") != SCHEMA_VERSION:
            raise BadConfig(
                "SCHEMA_CHANGED",
                f"run.json has schema {fields.get('schema_version')!r}, this visemill reads {SCHEMA_VERSION}: a run "
                "that another version began cannot be resumed. Finish the run with the version that began it, or "
                "begin it anew in a new --output-root (the same --state-root keeps its artifacts); see docs/upgrade.md",
            )
        fields["stages"] = tuple(PinnedStage(**s) for s in fields["stages"])
        gangs = fields.get("gangs", ())
        fields["gangs"] = tuple(GangPass(**{**one, "after": tuple(one["after"])}) for one in gangs)
        for name in ("further_roots", "named_roots"):
            fields[name] = tuple(fields.get(name, ()))
        return RunSpec(**fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadConfig(
            "BAD_RUN_FILE", f"run.json cannot be read ({error}): restore it, or choose a new output root"
        ) from error


def run_digest(
    pipeline: str,
    stages: tuple[PinnedStage, ...],
    stage_keys: Mapping[str, Mapping[str, Any]],
    clips_sha256: str,
    num_shards: int,
    libraries: Mapping[str, str],
    details: Mapping[str, Any],
    appends: bool,
) -> str:
    """sha256 (hex) of all that decides the output's bytes; paths of model files do not, their digests do.

    stage_keys: stage name -> {"version": ..., "config": the part of its config that decides bytes}.
    """
    return digest_of(
        {
            "schema_version": SCHEMA_VERSION,
            "pipeline": pipeline,
            "stages": [[s.name, dict(stage_keys[s.name]), dict(s.models)] for s in stages],
            "clips": clips_sha256,
            "num_shards": num_shards,
            "libraries": dict(libraries),
            "details": dict(details),
            "appends": appends,
        }
    )


@dataclass(frozen=True)
class ShardCommit:
    """What done.json holds: written last, it is the commit of a shard.

    outputs: file name -> {"sha256", "size_bytes", "num_records"}; empty where listing, which is in a file of its own,
    stands for them. inputs: clip key -> sha256 of its media as read.
    records: number by split. seconds: CPU seconds by stage, and "wall". counts: what the clips amount to, by the names
    of COUNTS. num_quarantined: clips set aside. reused: stage -> number of its artifacts that were reused.
    """

    shard: int
    run_digest: str
    outputs: Mapping[str, Mapping[str, Any]]
    inputs: Mapping[str, str]
    records: Mapping[str, int]
    seconds: Mapping[str, float]
    counts: Mapping[str, float] = field(default_factory=dict)
    num_quarantined: int = 0
    reused: Mapping[str, int] = field(default_factory=dict)
    attempt: int = 1
    listing: Listing | None = None

    def __post_init__(self) -> None:
        if self.listing is not None and self.outputs:
            raise ValueError(f"shard {self.shard} names {len(self.outputs)} outputs beside their listing: give one")
        if unknown := set(self.counts).difference(COUNTS):
            raise ValueError(f"counts are of {', '.join(COUNTS)}, not of {', '.join(sorted(unknown))}")

    @property
    def output_bytes(self) -> int:
        if self.listing is not None:
            return self.listing.output_bytes
        return sum(int(facts["size_bytes"]) for facts in self.outputs.values())

    @property
    def num_records(self) -> int:
        return sum(self.records.values())

    @property
    def num_clips(self) -> int:
        """Clips that the shard has dealt with, those set aside among them."""
        return self.num_records + self.num_quarantined

    def to_json(self) -> bytes:
        return canonical_json(dataclasses.asdict(self)).encode()


def shard_commit_from_json(data: bytes) -> ShardCommit:
    """Raises BadConfig for what is no done.json."""
    try:
        fields = json.loads(data)
        listing = fields.pop("listing", None)
        return ShardCommit(**fields, listing=None if listing is None else Listing(**listing))
    except (ValueError, TypeError, AttributeError) as error:
        raise BadConfig(
            "BAD_DONE_FILE", f"a done.json cannot be read ({error}): delete it, and the shard is made again"
        ) from error


@dataclass(frozen=True)
class QuarantineEntry:
    """One clip that is not in the output, and why; `reproduce` is a command that shows the failure again.

    line: of the manifest that names the clip; 0 where none does.
    """

    key: str
    media: str
    split: str
    kind: str
    reason: str
    message: str
    detail: str = ""
    reproduce: str = ""
    shard: int = NO_SHARD
    line: int = 0

    def to_json(self) -> str:
        fields = dataclasses.asdict(self)
        if not self.line:
            del fields["line"]
        return canonical_json(fields)


def lines_of(data: bytes) -> list[dict[str, Any]]:
    """The objects of a JSON-lines file."""
    return [json.loads(line) for line in data.decode().splitlines() if line.strip()]
