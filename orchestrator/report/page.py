"""PURE: what is known of a run -> one self-contained HTML page. No file, no network, no script."""

from __future__ import annotations

import base64
import html
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.console.quantities import duration, num_bytes
from services.base.run.spec import RunSpec, ShardCommit

_MOST_ROWS = 200
_WHOLE_CHARACTERS = 40


@dataclass(frozen=True)
class Sheet:
    """A contact sheet: PNG or JPEG bytes, and what it shows."""

    title: str
    picture: bytes


@dataclass(frozen=True)
class Findings:
    """All that a report tells. quality: a mapping a clip. quarantine: a mapping a clip that is not in the output.

    num_clips: of all runs whose files the output holds. product, kept, has_splits, figures: as the pipeline has them.
    """

    order: RunSpec
    finished: bool
    done: Sequence[ShardCommit]
    quality: Sequence[Mapping[str, Any]]
    quarantine: Sequence[Mapping[str, Any]]
    sheets: Sequence[Sheet] = field(default_factory=tuple)
    num_clips: int = 0
    product: str = "records"
    kept: str = "landmarks"
    has_splits: bool = True
    figures: Sequence[tuple[str, str]] = ()


def page(findings: Findings) -> str:
    """The page."""
    parts = [
        _head(findings),
        _section("Output", _tiles(findings) + (_splits(findings) if findings.has_splits else "")),
        _section("Left out", _quarantine(findings)),
        _section("Quality", _quality(findings)),
        _section("Throughput", _throughput(findings)),
        _section("What it looks like", _sheets(findings.sheets)) if findings.sheets else "",
        _section("Clips", _clips(findings)) if findings.figures and findings.quality else "",
        _section("What decided the bytes", _origin(findings.order)),
    ]
    body = "\n".join(part for part in parts if part)
    title = html.escape(f"Visemill run {findings.order.run}")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def _head(findings: Findings) -> str:
    order = findings.order
    state = "finished" if findings.finished else f"not finished: {len(findings.done)} of {order.num_shards} shards"
    kind = "good" if findings.finished else "bad"
    return (
        f'<header><p class="kicker">visemill · {_e(order.pipeline)}</p><h1>Run {_e(order.run)}</h1>'
        f'<p><span class="pill {kind}">{_e(state)}</span> {_e(order.input_root)} → {_e(order.output_root)}</p></header>'
    )


def _tiles(findings: Findings) -> str:
    counts = _counts(findings.done)
    num_made = sum(n for split, n in counts.items() if split != "quarantined")
    size = sum(int(f["size_bytes"]) for d in findings.done for f in d.outputs.values())
    num_flagged = sum(bool(clip["flags"]) for clip in findings.quality)
    tiles = [
        (findings.product if findings.product != "clips" else "clips in the output", f"{num_made:,}"),
        ("clips found", f"{findings.num_clips or findings.order.num_clips:,}"),
        ("left out", f"{len(findings.quarantine):,}"),
        ("flagged", f"{num_flagged:,}"),
        ("frames", f"{sum(d.num_frames for d in findings.done):,}"),
        ("output", num_bytes(size)),
    ]
    cells = "".join(f'<div class="tile"><b>{_e(value)}</b><span>{_e(name)}</span></div>' for name, value in tiles)
    return f'<div class="tiles">{cells}</div>'


def _splits(findings: Findings) -> str:
    rows = []
    speakers: dict[str, Counter[str]] = {}
    for clip in findings.quality:
        speakers.setdefault(str(clip["split"]), Counter())[str(clip["key"]).rpartition("/")[0]] += 1
    counts = _counts(findings.done)
    most = max((counts.get(split, 0) for split in ("train", "val", "test")), default=0)
    for split in ("train", "val", "test"):
        names = ", ".join(f"{name} ({n})" for name, n in sorted(speakers.get(split, Counter()).items()))
        rows.append([_e(split), f"{counts.get(split, 0):,}", _bar(counts.get(split, 0), most), _e(names or "none")])
    return _table(["split", "records", "", "speakers"], rows)


def _quarantine(findings: Findings) -> str:
    lines = findings.quarantine
    if not lines and not findings.finished:
        return "<p>Nothing so far.</p>"
    if not lines:
        return '<p class="good">Nothing: every clip that was found is in the output.</p>'
    reasons = Counter(str(line["reason"]) for line in lines)
    most = max(reasons.values())
    summary = _table(["reason", "clips", ""], [[_e(r), str(n), _bar(n, most)] for r, n in reasons.most_common()])
    rows = []
    for line in lines[:_MOST_ROWS]:
        words = f"<pre>{_e(str(line['detail']))}</pre>" if line.get("detail") else ""
        command = f"<pre>{_e(str(line['reproduce']))}</pre>" if line.get("reproduce") else ""
        rows.append([_e(str(line["key"])), _e(str(line["reason"])), _e(str(line["message"])) + words + command])
    more = f"<p>and {len(lines) - _MOST_ROWS} more in quarantine.jsonl</p>" if len(lines) > _MOST_ROWS else ""
    return summary + _table(["clip", "reason", "what happened, and how to see it again"], rows, "stack") + more


def _quality(findings: Findings) -> str:
    flags: Counter[str] = Counter(flag for clip in findings.quality for flag in clip["flags"])
    if not findings.quality:
        return "<p>No clip has been processed yet.</p>"
    most = max(flags.values(), default=0)
    place = "are in the output" if findings.finished else "are done so far"
    kept = f"<p>{len(findings.quality):,} clips {place}. Flags are told here and change nothing in the output.</p>"
    table = _table(["flag", "clips", "", "such as"], [
        [_e(flag), str(n), _bar(n, most), _e(", ".join(_with_flag(findings.quality, flag)))]
        for flag, n in flags.most_common()
    ]) if flags else '<p class="good">No clip is flagged.</p>'  # fmt: skip
    return kept + table + _figures(findings.quality)


def _with_flag(quality: Sequence[Mapping[str, Any]], flag: str) -> list[str]:
    return [str(clip["key"]) for clip in quality if flag in clip["flags"]][:4]


def _figures(quality: Sequence[Mapping[str, Any]]) -> str:
    """Least, median and greatest of every plain number that clips carry."""
    names = sorted({name for clip in quality for name, value in clip.items() if _is_number(value)})
    rows = []
    for name in names:
        values = sorted(float(clip[name]) for clip in quality if _is_number(clip.get(name)))
        shown = (values[0], statistics.median(values), values[-1])
        rows.append([_e(name), *(f"{value:g}" for value in shown), str(sum(value != 0 for value in values))])
    return _table(["figure of a clip", "least", "median", "greatest", "clips where it is not 0"], rows)


def _clips(findings: Findings) -> str:
    """A row a clip: its figures and flags."""
    heads = ["clip", *(head for _, head in findings.figures), "flags"]
    rows = []
    for clip in sorted(findings.quality, key=lambda clip: str(clip["key"]))[:_MOST_ROWS]:
        figures = (_figure(name, clip.get(name)) for name, _ in findings.figures)
        rows.append([_e(str(clip["key"])), *figures, _e(", ".join(clip["flags"]))])
    left = len(findings.quality) - len(rows)
    return _table(heads, rows) + (f"<p>and {left} more in quality.jsonl</p>" if left else "")


def _figure(name: str, value: Any) -> str:
    if not _is_number(value):
        return ""
    return f"{value:.0%}" if name.endswith("_share") else f"{value:.4g}"


def _throughput(findings: Findings) -> str:
    wall_s = sum(d.seconds.get("wall", 0.0) for d in findings.done)
    num_clips = sum(n for d in findings.done for n in d.counts.values())
    num_frames = sum(d.num_frames for d in findings.done)
    if not num_clips or wall_s <= 0:
        return "<p>Nothing has been measured yet.</p>"
    stages: Counter[str] = Counter()
    for done in findings.done:
        stages.update({name: s for name, s in done.seconds.items() if name != "wall"})
    text = (
        f"<p>{duration(wall_s)} of worker time: {wall_s / num_clips * 1000:.0f} ms a clip, "
        f"{num_frames / wall_s:.0f} frames a second of each worker. "
        f"{findings.kept.capitalize()} of {sum(d.num_cached for d in findings.done)} clips were reused.</p>"
    )
    most = max(stages.values(), default=0.0)
    rows = [
        [_e(name), f"{s:.1f}", f"{s / max(1, num_frames) * 1000:.2f}", _bar(s, most)]
        for name, s in stages.most_common()
    ]
    return text + _table(["stage", "CPU seconds", "ms a frame", ""], rows)


def _sheets(sheets: Iterable[Sheet]) -> str:
    figures = []
    for sheet in sheets:
        data = base64.b64encode(sheet.picture).decode()
        kind = "png" if sheet.picture.startswith(b"\x89PNG") else "jpeg"
        figures.append(
            f'<figure><img alt="{_e(sheet.title)}" src="data:image/{kind};base64,{data}">'
            f"<figcaption>{_e(sheet.title)}</figcaption></figure>"
        )
    return "".join(figures)


def _origin(order: RunSpec) -> str:
    rows = [["digest of the run", _e(order.digest)], ["list of clips", _e(order.clips_sha256)]]
    for stage in order.stages:
        settings = ", ".join(f"{name} = {value}" for name, value in sorted(stage.config.items()) if value != "")
        rows.append([f"stage {_e(stage.name)}", _e(settings)])
        rows += [[f"model {_e(name)}", _e(digest)] for name, digest in stage.models.items()]
    rows += [[f"library {_e(name)}", _e(version)] for name, version in order.libraries.items()]
    return _table(["", ""], rows, "stack")


def _counts(done: Iterable[ShardCommit]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for shard in done:
        counts.update(shard.counts)
    return counts


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{_e(title)}</h2>{body}</section>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Heads are text, cells are HTML already. kind "stack": on a narrow screen a row's cells lie below each other."""
    head = "".join(f"<th>{_e(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows)
    opening = f'<table class="{kind}">' if kind else "<table>"
    return f'<div class="scroll">{opening}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(cell: str) -> str:
    """A clip's key or a reason stays whole where it is short: broken, it can neither be read nor searched for."""
    if cell.startswith('<div class="bar"'):
        return f'<td class="bars">{cell}</td>'
    whole = ' class="whole"' if len(cell) <= _WHOLE_CHARACTERS and " " not in cell else ""
    return f"<td{whole}>{cell}</td>"


def _bar(value: float, most: float) -> str:
    """Its length is a share of its column, which narrow screens make narrow."""
    width = 100 * value / most if most else 0
    return f'<div class="bar" style="width:{width:.1f}%"></div>'


def _e(text: str) -> str:
    return html.escape(text)


_STYLE = """
:root{color-scheme:light
dark;--ink:#1d2430;--dim:#5d6878;--line:#dde2ea;--bg:#f7f8fa;--card:#fff;--mark:#2f6fde;--good:#197a43;
  --bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--dim:#98a3b5;--line:#2c3442;--bg:#12161d;--card:#1a202a;
  --mark:#6ea0ff;--good:#5fc98d;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px 64px}
h1{margin:0 0 6px;font-size:28px}
h2{margin:0 0
12px;font-size:18px}
.kicker{margin:0;color:var(--dim);text-transform:uppercase;letter-spacing:.08em;font-size:12px}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:20px;margin-top:20px}
.pill{border-radius:99px;padding:2px 10px;font-size:13px;border:1px solid
currentColor}
.good{color:var(--good)}
.bad{color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin-bottom:16px}
.tile{border:1px solid var(--line);border-radius:8px;padding:12px}
.tile b{display:block;font-size:22px}
.tile
span{color:var(--dim);font-size:13px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:8px 0}
th,td{text-align:left;padding:6px
10px;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:500;font-size:13px}
td{font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
td.whole{overflow-wrap:normal;white-space:nowrap}
.stack td:last-child{width:60%}
td.bars{width:26%;min-width:60px}
.bar{height:10px;margin-top:6px;border-radius:5px;background:var(--mark)}
pre{margin:6px 0 0;font-size:12px;color:var(--dim);white-space:pre-wrap}
figure{margin:0 0
18px}
img{max-width:100%;border-radius:6px}
figcaption{color:var(--dim);font-size:13px;overflow-wrap:anywhere}
header p,h1,section>p{overflow-wrap:anywhere}
@media(max-width:720px){main{padding:20px 10px 40px}section{padding:14px 12px}th,td{padding:6px 6px}
.stack thead{display:none}.stack tr{display:block;border-bottom:1px solid var(--line);padding:6px 0}
.stack td,.stack td:last-child{display:block;width:auto;border:0;padding:2px 6px}.stack td:first-child{font-weight:600}
.stack td.whole{white-space:normal;overflow-wrap:anywhere}}
@media print{body{background:#fff}section{break-inside:avoid-page}}
"""
