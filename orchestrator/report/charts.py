"""PURE: metrics of a training -> charts, as coordinates that the template draws as SVG."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 480, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 28
_MOST_POINTS = 600
_NUM_TICKS = 4


@dataclass(frozen=True)
class Line:
    """One curve. points: as SVG has them. last: its last value, as text. is_faint: of single steps, behind others."""

    name: str
    points: str
    last: str
    is_faint: bool = False


@dataclass(frozen=True)
class Tick:
    """at: its place in the chart, from the left or from the top."""

    at: float
    text: str


@dataclass(frozen=True)
class Chart:
    """Curves over optimiser steps. lines: at least one."""

    title: str
    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]

    @property
    def view(self) -> tuple[int, int, int, int, int, int]:
        """Width and height; left, right, top and bottom of what is drawn into."""
        return WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM


@dataclass(frozen=True)
class _Curve:
    """name: of the curve; key: of metrics.jsonl."""

    name: str
    key: str
    is_faint: bool = False


_CHARTS: tuple[tuple[str, str, tuple[_Curve, ...]], ...] = (
    (
        "Loss",
        "{:.4g}",
        (
            _Curve("of a step", "loss", True),
            _Curve("train", "train_loss"),
            _Curve("validation", "val_loss"),
            _Curve("pinyin, validation", "val_pinyin_loss"),
        ),
    ),
    ("Character errors, validation", "{:.1%}", (_Curve("CER", "val_cer"), _Curve("PER of pinyin", "val_per"))),
    ("Learning rate", "{:.2g}", (_Curve("learning rate", "learning_rate"),)),
    ("Norm of the gradient", "{:.3g}", (_Curve("norm", "gradient_norm"),)),
    ("Items a second, of rank 0", "{:.3g}", (_Curve("items a second", "items_per_s"),)),
    ("Share of time that batches were waited for", "{:.1%}", (_Curve("waited", "waited"),)),
)


def metrics_of(data: bytes) -> list[dict[str, float]]:
    """Of the lines of metrics.jsonl their finite numbers; a line that is cut is left out."""
    rows = []
    for line in data.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, Mapping):
            rows.append({name: float(value) for name, value in found.items() if _is_finite(value)})
    return rows


def charts_of(rows: Sequence[Mapping[str, float]]) -> tuple[Chart, ...]:
    """A chart for each group of metrics of which there are any. rows: as `metrics_of` gives them."""
    charts = []
    for title, form, curves in _CHARTS:
        found = {
            curve: points
            for curve in curves
            if (points := [(row["step"], row[curve.key]) for row in rows if curve.key in row and "step" in row])
        }
        if found:
            charts.append(_chart(title, form, found))
    return tuple(charts)


def _chart(title: str, form: str, curves: Mapping[_Curve, Sequence[tuple[float, float]]]) -> Chart:
    every = [point for points in curves.values() for point in points]
    x_ticks = _round_numbers(0, max(x for x, _ in every))
    y_ticks = _round_numbers(min(0.0, *(y for _, y in every)), max(y for _, y in every))
    x_low, x_high, y_low, y_high = x_ticks[0], x_ticks[-1], y_ticks[0], y_ticks[-1]

    def right(x: float) -> float:
        return round(LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT), 1)

    def down(y: float) -> float:
        return round(HEIGHT - BOTTOM - (y - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM), 1)

    return Chart(
        title,
        tuple(
            Line(
                curve.name,
                " ".join(f"{right(x)},{down(y)}" for x, y in (_thinned(points) if len(points) > 1 else [*points] * 2)),
                form.format(points[-1][1]),
                curve.is_faint,
            )
            for curve, points in curves.items()
        ),
        tuple(Tick(right(x), f"{x:,.0f}") for x in x_ticks if x == int(x)),
        tuple(Tick(down(y), form.format(y)) for y in y_ticks),
    )


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Means of neighbours where there are more points than a screen can show."""
    size = -(-len(points) // _MOST_POINTS)
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]


def _round_numbers(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from at most low to at least high: two or more."""
    span = high - low or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / _NUM_TICKS))
    step = next(step for factor in (1, 2, 5, 10) if span / (step := factor * power) <= _NUM_TICKS)
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    return [i * step for i in range(first, last + 1)]


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
