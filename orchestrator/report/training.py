"""PURE: what a training has left -> what its report says: tiles, charts and tables of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.report.charts import Chart, charts_of, metrics_of
from services.base.process.quantities import duration

TextTable = tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]

_WARNING, _INFO = " - WARNING - ", " - INFO - "
_MOST_LINES, _MOST_WORST = 100, 10


@dataclass(frozen=True)
class TrainingFindings:
    """tiles: (what, how many). tables: (title, heads, rows). left_out: what the log says of clips and else warns of."""

    tiles: tuple[tuple[str, str], ...]
    charts: tuple[Chart, ...]
    tables: tuple[TextTable, ...]
    left_out: TextTable | None


def training_findings(
    metrics: bytes, log: bytes, tests: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any]
) -> TrainingFindings:
    """metrics, log: metrics.jsonl and logs/training.log, empty where they are not there yet. tests: split -> its
    scores.json. settings: of the recipe.
    """
    rows = metrics_of(metrics)
    lines = log.decode(errors="replace").splitlines()
    tables = (_scores(tests), _worst(tests), _settings(settings))
    return TrainingFindings(_tiles(rows, lines, tests), charts_of(rows), tuple(filter(None, tables)), _warnings(lines))


def _tiles(
    rows: Sequence[Mapping[str, float]], lines: Sequence[str], tests: Mapping[str, Mapping[str, Any]]
) -> tuple[tuple[str, str], ...]:
    tiles = []
    for name in ("Train samples", "Val samples", "Total parameters"):
        found = [line.rpartition(f"{name}: ")[2] for line in lines if f"{_INFO}{name}: " in line]
        if found:
            tiles.append((name.lower(), found[-1]))
    epochs = [row for row in rows if "epoch" in row]
    if epochs:
        tiles += [("epochs", f"{epochs[-1]['epoch']:,.0f}"), ("steps", f"{epochs[-1].get('step', 0):,.0f}")]
    cers = [row["val_cer"] for row in epochs if "val_cer" in row]
    if cers:
        tiles.append(("best CER, validation", f"{min(cers):.1%}"))
    tiles += [(f"CER, {split}", f"{scores['cer']:.1%}") for split, scores in tests.items()]
    return tuple(tiles)


def _scores(tests: Mapping[str, Mapping[str, Any]]) -> TextTable | None:
    """A row for the model, and one for each that it is compared with."""
    rows = []
    for split, scores in tests.items():
        clips = f"{scores['clips']:,}"
        rows.append((split, "this lipreader", clips, *_rates(scores)))
        rows.append(("", "the same network, untrained", clips, *_rates(scores["untrained"])))
        rows.append(("", f"always “{scores['constant']['text']}”", clips, *_rates(scores["constant"])))
        if scores["learnt_from"]:
            rows.append(("", f"it was trained on {scores['learnt_from']:,} of these clips", "", "", "", "", ""))
    heads = ("split", "who reads", "clips", "CER", "95 %", "WER", "95 %")
    return ("Tests", heads, tuple(rows)) if rows else None


def _rates(scores: Mapping[str, Any]) -> tuple[str, str, str, str]:
    cer, wer = scores["cer_interval"], scores["wer_interval"]
    return (
        f"{scores['cer']:.1%}",
        f"{cer[0]:.1%} to {cer[1]:.1%}",
        f"{scores['wer']:.1%}",
        f"{wer[0]:.1%} to {wer[1]:.1%}",
    )


def _worst(tests: Mapping[str, Mapping[str, Any]]) -> TextTable | None:
    rows = [
        (split, str(clip["key"]), f"{clip['cer']:.0%}", str(clip["reference"]), str(clip["hypothesis"]))
        for split, scores in tests.items()
        for clip in scores["worst"][:_MOST_WORST]
    ]
    return ("Worst clips", ("split", "clip", "CER", "what is said", "what was read"), tuple(rows)) if rows else None


def _settings(settings: Mapping[str, Any]) -> TextTable | None:
    rows = tuple((name, _value(name, value)) for name, value in sorted(settings.items()) if value not in ("", None))
    return ("Settings", ("setting", "value"), rows) if rows else None


def _value(name: str, value: Any) -> str:
    return duration(value) if name.endswith("_s") and value else str(value)


def _warnings(lines: Sequence[str]) -> TextTable | None:
    """The last of them."""
    found = [tuple(line.split(_WARNING, 1)) for line in lines if _WARNING in line][-_MOST_LINES:]
    return ("Left out, and other warnings of the log", ("when", "what"), tuple(found)) if found else None
