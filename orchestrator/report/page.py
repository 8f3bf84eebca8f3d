"""PURE: what is known of a run -> one self-contained HTML page. No file of the run, no network, no script.

`context` decides what the page says, `page.html.j2` how it is marked up and looks. Jinja2 escapes every value.
"""

from __future__ import annotations

import base64
import functools
import heapq
import statistics
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.report.charts import Chart
from orchestrator.report.training import TrainingFindings
from services.base.process.quantities import counted, duration, num_bytes
from services.base.run.spec import RunSpec, ShardCommit
from services.base.run.totals import Totals, records_by_split

if TYPE_CHECKING:
    import jinja2

_MOST_ROWS, _MOST_SUCH_AS = 200, 4
_WHOLE_CHARACTERS = 40
# Counts of a run that the page shows, as it calls them.
_COUNTED = {"frames": "frames", "audio_s": "seconds of audio", "tokens": "tokens"}


@dataclass(frozen=True)
class Sheet:
    """A contact sheet: PNG or JPEG bytes, and what it shows."""

    title: str
    picture: bytes

    @property
    def data_url(self) -> str:
        kind = "png" if self.picture.startswith(b"\x89PNG") else "jpeg"
        return f"data:image/{kind};base64,{base64.b64encode(self.picture).decode()}"


@dataclass(frozen=True)
class Player:
    """How a clip begins: the bytes of a WAV, and what it is."""

    title: str
    wav: bytes

    @property
    def data_url(self) -> str:
        return f"data:audio/wav;base64,{base64.b64encode(self.wav).decode()}"


@dataclass(frozen=True)
class Findings:
    """All that a report tells. quality: a mapping a clip, gone through several times and not held. quarantine: a
    mapping a clip that is not in the output.

    num_clips: of all runs whose files the output holds. product, splits, figures: as the pipeline has them. gangs: a
    mapping a gang pass, in order. players: what can be heard. tables: (title, heads, rows of texts) of the pipeline's
    own. speakers: key -> who speaks or signs, where that is known. training: of a run that is a training.
    """

    spec: RunSpec
    finished: bool
    done: Sequence[ShardCommit]
    quality: Sequence[Mapping[str, Any]]
    quarantine: Sequence[Mapping[str, Any]]
    sheets: Sequence[Sheet] = field(default_factory=tuple)
    num_clips: int = 0
    product: str = "records"
    splits: Sequence[str] = ()
    figures: Sequence[tuple[str, str]] = ()
    gangs: Sequence[Mapping[str, Any]] = ()
    players: Sequence[Player] = ()
    tables: Sequence[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]] = ()
    speakers: Mapping[str, str] = field(default_factory=dict)
    training: TrainingFindings | None = None


@dataclass(frozen=True)
class Cell:
    """Of a table: text with preformatted blocks below it, or a bar. bar_percent: its length, 0 to 100 of the column."""

    text: str = ""
    blocks: tuple[str, ...] = ()
    bar_percent: float | None = None

    @property
    def whole(self) -> bool:
        """Whether the text must not be broken: a short key or reason, broken, can neither be read nor searched for."""
        return len(self.text) <= _WHOLE_CHARACTERS and " " not in self.text and not self.blocks


@dataclass(frozen=True)
class Table:
    """stacked: on a narrow screen a row's cells lie below each other. num_more: rows that are left out."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    stacked: bool = False
    num_more: int = 0


@dataclass(frozen=True)
class Throughput:
    """worker_time: in words. Times are of one worker. rates: what it reads in a second, in words.
    reused: the same of artifacts.
    """

    worker_time: str
    ms_per_clip: float
    rates: tuple[str, ...]
    reused: tuple[str, ...]
    stages: Table


@dataclass(frozen=True)
class Context:
    """What the template reads. A table that is None is not shown, and the template says why. is_training: the run has
    no clips of its own to tell of.
    """

    spec: RunSpec
    finished: bool
    num_done: int
    tiles: tuple[tuple[str, str], ...]
    splits: Table | None
    reasons: Table | None
    left_out: Table | None
    num_quality: int
    flags: Table | None
    figures: Table
    throughput: Throughput | None
    sheets: tuple[Sheet, ...]
    clips: Table | None
    passes: Table | None
    origin: Table
    players: tuple[Player, ...] = ()
    tables: tuple[tuple[str, Table], ...] = ()
    is_training: bool = False
    charts: tuple[Chart, ...] = ()
    warnings: tuple[str, Table] | None = None


def page(findings: Findings) -> str:
    """The page."""
    return _template().render(page=context(findings))


@functools.cache
def _template() -> jinja2.Template:
    # Commands that write no page do not wait for it.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("orchestrator.report", package_path=""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.j2")


def context(findings: Findings) -> Context:
    """What the page says of the findings, as text and numbers: nothing here is HTML."""
    quality, quarantine, training = findings.quality, findings.quarantine, findings.training
    tables = [*findings.tables, *(training.tables if training else ())]
    return Context(
        spec=findings.spec,
        finished=findings.finished,
        num_done=len(findings.done),
        tiles=training.tiles if training else _tiles(findings),
        splits=_splits(findings) if len(findings.splits) > 1 else None,
        reasons=_reasons(quarantine) if quarantine else None,
        left_out=_left_out(quarantine) if quarantine else None,
        num_quality=len(quality),
        flags=_flags(quality),
        figures=_figures(quality),
        throughput=_throughput(findings.done),
        sheets=tuple(findings.sheets),
        clips=_clips(findings) if findings.figures and quality else None,
        passes=_passes(findings) if findings.gangs else None,
        origin=_origin(findings.spec),
        players=tuple(findings.players),
        tables=tuple(_named(*table) for table in tables),
        is_training=training is not None,
        charts=training.charts if training else (),
        warnings=_named(*training.left_out) if training and training.left_out else None,
    )


def _tiles(findings: Findings) -> tuple[tuple[str, str], ...]:
    """(what, how many) of each."""
    totals = Totals.of(findings.done)
    num_flagged = sum(bool(clip["flags"]) for clip in findings.quality)
    return (
        (findings.product if findings.product != "clips" else "clips in the output", f"{totals.num_records:,}"),
        ("clips found", f"{findings.num_clips or findings.spec.num_clips:,}"),
        ("left out", f"{len(findings.quarantine):,}"),
        ("flagged", f"{num_flagged:,}"),
        *((_COUNTED[name], f"{value:,.0f}") for name, value in totals.counts.items() if name in _COUNTED),
        ("output", num_bytes(totals.output_bytes)),
    )


def _splits(findings: Findings) -> Table:
    rows = []
    speakers: dict[str, Counter[str]] = {}
    for clip in findings.quality:
        speakers.setdefault(str(clip["split"]), Counter())[findings.speakers.get(str(clip["key"]), "")] += 1
    counts = records_by_split(findings.splits, Totals.of(findings.done).records)
    most = max(counts.values(), default=0)
    for split in counts:
        names = ", ".join(f"{name} ({n})" for name, n in sorted(speakers.get(split, Counter()).items()) if name)
        num_records = counts.get(split, 0)
        row = (*_texts(split, f"{num_records:,}"), _bar(num_records, most))
        # A pipeline with tables of its own knows better who speaks than the clips' keys do.
        rows.append(row if findings.tables else (*row, Cell(names or "none")))
    heads = ("split", findings.product, "")
    return Table(heads if findings.tables else ("split", "records", "", "speakers"), tuple(rows))


def _reasons(quarantine: Sequence[Mapping[str, Any]]) -> Table:
    reasons = Counter(str(line["reason"]) for line in quarantine)
    most = max(reasons.values())
    rows = ((*_texts(reason, str(n)), _bar(n, most)) for reason, n in reasons.most_common())
    return Table(("reason", "clips", ""), tuple(rows))


def _left_out(quarantine: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for line in quarantine[:_MOST_ROWS]:
        blocks = tuple(str(line[name]) for name in ("detail", "reproduce") if line.get(name))
        rows.append((*_texts(line["key"], line["reason"]), Cell(str(line["message"]), blocks)))
    heads = ("clip", "reason", "what happened, and how to reproduce it")
    return Table(heads, tuple(rows), stacked=True, num_more=len(quarantine) - len(rows))


def _flags(quality: Sequence[Mapping[str, Any]]) -> Table | None:
    flags: Counter[str] = Counter()
    such_as: dict[str, list[str]] = {}
    for clip in quality:
        flags.update(clip["flags"])
        for flag in clip["flags"]:
            if len(named := such_as.setdefault(flag, [])) < _MOST_SUCH_AS:
                named.append(str(clip["key"]))
    if not flags:
        return None
    most = max(flags.values())
    rows = ((*_texts(flag, str(n)), _bar(n, most), Cell(", ".join(such_as[flag]))) for flag, n in flags.most_common())
    return Table(("flag", "clips", "", "such as"), tuple(rows))


def _figures(quality: Sequence[Mapping[str, Any]]) -> Table:
    """Least, median and greatest of every plain number that clips carry."""
    found: dict[str, array[float]] = {}
    for clip in quality:
        for name, value in clip.items():
            if _is_number(value):
                found.setdefault(name, array("d")).append(float(value))
    rows = []
    for name in sorted(found):
        values = found.pop(name)
        shown = (min(values), statistics.median(values), max(values))
        rows.append(_texts(name, *(f"{value:g}" for value in shown), sum(value != 0 for value in values)))
    return Table(("figure of a clip", "least", "median", "greatest", "clips where it is not 0"), tuple(rows))


def _clips(findings: Findings) -> Table:
    """A row a clip: its figures and flags."""
    heads = ("clip", *(head for _, head in findings.figures), "flags")
    rows = []
    for clip in heapq.nsmallest(_MOST_ROWS, findings.quality, key=lambda clip: str(clip["key"])):
        figures = (_figure(name, clip.get(name)) for name, _ in findings.figures)
        rows.append(_texts(clip["key"], *figures, ", ".join(clip["flags"])))
    return Table(heads, tuple(rows), num_more=len(findings.quality) - len(rows))


def _figure(name: str, value: Any) -> str:
    if not _is_number(value):
        return ""
    return f"{value:.0%}" if name.endswith("_share") else f"{value:.4g}"


def _throughput(done: Sequence[ShardCommit]) -> Throughput | None:
    totals = Totals.of(done)
    wall_s, num_clips = totals.seconds.get("wall", 0.0), totals.num_clips
    if not num_clips or wall_s <= 0:
        return None
    stages = {name: s for name, s in totals.seconds.items() if name != "wall"}
    most = max(stages.values(), default=0.0)
    rows = (
        (*_texts(name, f"{s:.1f}", f"{s / num_clips * 1000:.1f}"), _bar(s, most))
        for name, s in sorted(stages.items(), key=lambda stage: -stage[1])
    )
    return Throughput(
        worker_time=duration(wall_s),
        ms_per_clip=wall_s / num_clips * 1000,
        rates=tuple(
            f"{value / wall_s:.0f} {_COUNTED[name]}" for name, value in totals.counts.items() if name in _COUNTED
        ),
        reused=tuple(f"{stage} of {counted(count, 'clip')}" for stage, count in sorted(totals.reused.items())),
        stages=Table(("stage", "CPU seconds", "ms a clip", ""), tuple(rows)),
    )


def _passes(findings: Findings) -> Table:
    """A row a pass: how far it is, and what it has published."""
    spec = findings.spec
    shards = f"{len(findings.done)} of {counted(spec.num_shards, 'shard')}"
    rows = [_texts(spec.map_pass.name, "", shards, "", findings.product, spec.map_pass.digest)]
    for one in findings.gangs:
        step = f"{'finished at' if one['finished'] else 'last checkpoint at'} step {one['step']}"
        ranks = f"{one['ranks']} ranks of {one['recipe']}"
        rows.append(_texts(one["pass"], ranks, step, one["generation"], ", ".join(one["outputs"]), one["digest"]))
    heads = ("pass", "who", "how far", "generations", "outputs", "digest")
    return Table(heads, tuple(rows), stacked=True)


def _origin(spec: RunSpec) -> Table:
    rows = [_texts("digest of the run", spec.digest), _texts("list of clips", spec.clips_sha256)]
    for stage in spec.stages:
        settings = ", ".join(f"{name} = {value}" for name, value in sorted(stage.config.items()) if value != "")
        rows.append(_texts(f"stage {stage.name}", settings))
        rows += [_texts(f"model {name}", digest) for name, digest in stage.models.items()]
    rows += [_texts(f"library {name}", version) for name, version in spec.libraries.items()]
    return Table(("", ""), tuple(rows), stacked=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _named(title: str, heads: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> tuple[str, Table]:
    return title, Table(heads, tuple(_texts(*row) for row in rows))


def _texts(*values: object) -> tuple[Cell, ...]:
    return tuple(Cell(str(value)) for value in values)


def _bar(value: float, most: float) -> Cell:
    """Its length is a share of its column, which narrow screens make narrow."""
    return Cell(bar_percent=100 * value / most if most else 0)
