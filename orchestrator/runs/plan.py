"""PURE: (pipeline, data set, who decides the bytes) -> a pinned plan."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.pipelines.base import DataSet, Pipeline
from orchestrator.pipelines.data_sets import Adoption
from orchestrator.pipelines.lookup import pipeline_of
from services.base.errors import BadConfig
from services.base.run.manifest import ClipTable, encode_clips
from services.base.run.passes import MAP_PASS, GangPlan, MapPass, gangs_of, whole_digest
from services.base.run.spec import PinnedStage, QuarantineEntry, RunSpec, run_digest

_SHOWN = 3
_RUN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Roots:
    """Where a run reads, writes and keeps its truth. further_inputs: input roots after the first."""

    inputs: str
    outputs: str
    state: str
    further_inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A run before it starts: its spec, the frozen list as bytes, and what is to be said.

    found: what the finished run of the output had written last when this one was planned; empty without one.
    append_flag: with which it would add to what its output holds; empty where nothing can. dataset: its name where it
    is one of several below datasets_root; empty where the output root is its own. adopts: whether it takes over what
    the output holds, whoever made that.
    """

    spec: RunSpec
    rows: ClipTable
    clips: bytes
    problems: tuple[QuarantineEntry, ...]
    notes: tuple[str, ...]
    num_by_split: Mapping[str, int]
    num_by_speaker: Mapping[str, int]
    input_bytes: int
    found: bytes = b""
    append_flag: str = ""
    dataset: str = ""
    datasets_root: str = ""
    adopts: bool = False

    def names(self) -> dict[str, str]:
        """Output name -> path below the input root, of every clip."""
        return {row.utterance_id: row.media for row in self.rows}


def make_plan(
    pipeline: Pipeline,
    data_set: DataSet,
    stages: Sequence[tuple[str, Mapping[str, Any]]],
    identities: Sequence[Mapping[str, Any]],
    roots: Roots,
    num_shards: int,
    *,
    run: str = "",
    follow_links: bool = False,
    gangs: Sequence[GangPlan] = (),
    recipes: Sequence[Mapping[str, Any]] = (),
) -> Plan:
    """The plan. identities: what `python -m services STAGES describe` printed, in the stages' order. recipes: the same
    of each gang's recipe.

    Raises BadConfig NO_CLIPS when there is nothing to do.
    """
    if run and not _RUN_NAME.fullmatch(run):
        raise BadConfig(
            "BAD_RUN_NAME", f"--run {run!r} must be letters, digits, '.', '_' and '-', not beginning with '.'"
        )
    if not data_set.rows:
        reasons = ", ".join(f"{n} {reason}" for reason, n in Counter(p.reason for p in data_set.problems).items())
        first = {problem.message: problem for problem in data_set.problems}.values()
        shown = "".join(f"; {problem.media}: {problem.message}" for problem in list(first)[:_SHOWN])
        raise BadConfig(
            "NO_CLIPS", f"no clip below {roots.inputs} can be processed ({reasons or 'none was found'}){shown}"
        )
    if not stages:
        # What the ranks read is on record, and is no work of anybody else's.
        num_shards = 0
    clips = encode_clips(data_set.rows, max(1, num_shards))
    clips_sha256 = hashlib.sha256(clips).hexdigest()
    stage_orders = tuple(
        PinnedStage(name, {**config, **identity.get("settled", {})}, dict(identity["models"]))
        for (name, config), identity in zip(stages, identities, strict=True)
    )
    keys = {i["name"]: {"version": i["version"], "config": i["run_config"]} for i in identities}
    libraries = {name: version for i in identities for name, version in i["libraries"].items()}
    decided = (clips_sha256, num_shards, libraries, data_set.details, data_set.appends)
    map_digest = run_digest(pipeline.name, stage_orders, keys, *decided)
    passes = tuple(gangs_of(gangs, MapPass(MAP_PASS, map_digest, num_shards), recipes))
    digest = whole_digest(map_digest, passes)
    spec = RunSpec(
        run or digest[:16],
        pipeline.name,
        digest,
        stage_orders,
        roots.inputs,
        roots.outputs,
        num_shards,
        len(data_set.rows),
        clips_sha256,
        dict(sorted(libraries.items())),
        dict(data_set.details),
        follow_links,
        data_set.appends,
        gangs=passes,
        map_digest=map_digest if passes else "",
        further_roots=roots.further_inputs,
        named_roots=data_set.roots,
    )
    return Plan(
        spec,
        data_set.rows,
        clips,
        data_set.problems,
        data_set.notes,
        data_set.rows.count_by("split"),
        data_set.rows.count_by("speaker_id"),
        data_set.rows.media_bytes(),
        append_flag=pipeline.append_flag,
    )


def explain_difference(pinned: RunSpec, planned: RunSpec) -> str:
    """What differs between the run that an output holds and the one that was asked for."""
    differences = []
    if pinned.pipeline != planned.pipeline:
        differences.append(f"pipeline {pinned.pipeline} against {planned.pipeline}")
    # The list names each clip's shard too: under another number of shards it is another one for that alone.
    comparable = pinned.num_shards == planned.num_shards or pinned.num_clips != planned.num_clips
    if pinned.clips_sha256 != planned.clips_sha256 and comparable:
        differences.append(
            f"the list of clips ({pinned.num_clips} then, {planned.num_clips} now), their sizes or times, or the split"
        )
    if pinned.num_shards != planned.num_shards:
        differences.append(f"--num-shards {pinned.num_shards} against {planned.num_shards}")
    then, now, free = _flat(pinned), _flat(planned), pipeline_of(planned.pipeline).free_settings
    differences += [
        f"{name} {then.get(name, 'absent')} against {now.get(name, 'absent')}"
        for name in sorted(set(then) | set(now))
        if then.get(name) != now.get(name) and name not in free
    ]
    return "; ".join(differences) or "what decides its bytes"


def explain_other_making(held: RunSpec, planned: RunSpec, adoption: Adoption) -> str:
    """What differs in how two runs make the files of a clip; empty where nothing does. Where a model lies does not
    matter, its digest does.
    """
    then, now = _making(held, adoption), _making(planned, adoption)
    differences = [
        f"{name} {then.get(name, 'absent')} against {now.get(name, 'absent')}"
        for name in sorted(set(then) | set(now))
        if then.get(name) != now.get(name)
    ]
    return "; ".join(differences)


def _making(spec: RunSpec, adoption: Adoption) -> dict[str, Any]:
    found: dict[str, Any] = {f"library {name}": version for name, version in spec.libraries.items()}
    for stage in spec.stages:
        if stage.name in adoption.made_by:
            found |= {f"model {name}": digest for name, digest in stage.models.items()}
            settings = {f"{stage.name}.{name}": value for name, value in stage.config.items()}
            found |= {n: v for n, v in settings.items() if n not in adoption.may_differ and not _is_place(v)}
    return found


def _is_place(value: object) -> bool:
    return isinstance(value, str) and (value.startswith("/") or "://" in value)


def _flat(spec: RunSpec) -> dict[str, Any]:
    flat: dict[str, Any] = {f"library {name}": version for name, version in spec.libraries.items()}
    for stage in spec.stages:
        flat |= {f"{stage.name}.{name}": value for name, value in stage.config.items()}
        flat |= {f"model {name}": digest for name, digest in stage.models.items()}
    for gang in spec.gangs:
        flat[f"pass {gang.name}"] = gang.recipe
        flat |= {} if gang.any_num_ranks else {f"ranks of {gang.name}": gang.num_ranks}
        flat |= {f"{gang.name}.{name}": value for name, value in gang.config.items()}
        flat |= {f"model {name}": digest for name, digest in gang.models.items()}
        flat |= {f"library {name}": version for name, version in gang.libraries.items()}
    return flat | {name: value for name, value in spec.details.items() if not isinstance(value, list | dict)}
