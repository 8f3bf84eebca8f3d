"""Metrics become curves that lie within their charts; what is no number is left out."""

import pytest

from orchestrator.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, charts_of, metrics_of

METRICS = b"""{"step": 5, "loss": 4.0, "learning_rate": 0.001, "waited": 0.25}
{"step": 10, "loss": null, "learning_rate": 0.002, "waited": 0.5}
{"epoch": 1, "step": 10, "train_loss": 3.0, "val_loss": 2.0, "val_cer": 0.8}
{"epoch": 2, "step": 20, "train_loss": 1.0, "val_loss": 1.5, "val_cer": 0.4}
["no object"]
{"step": 30, "loss"
"""


def points(line):
    return [tuple(map(float, point.split(","))) for point in line.points.split()]


def test_each_group_of_metrics_has_a_chart_and_each_metric_a_line():
    charts = charts_of(metrics_of(METRICS))
    assert {chart.title: [(line.name, line.last) for line in chart.lines] for chart in charts} == {
        "Loss": [("of a step", "4"), ("train", "1"), ("validation", "1.5")],
        "Character errors, validation": [("CER", "40.0%")],
        "Learning rate": [("learning rate", "0.002")],
        "Share of time that batches were waited for": [("waited", "50.0%")],
    }


def test_a_greater_value_is_higher_and_a_later_step_further_right():
    loss = charts_of(metrics_of(METRICS))[0]
    (x0, y0), (x1, y1) = points(loss.lines[1])
    assert (x0, x1) == ((LEFT + WIDTH - RIGHT) / 2, WIDTH - RIGHT)
    assert TOP < y0 < y1 < HEIGHT - BOTTOM
    assert [(tick.at, tick.text) for tick in loss.y_ticks][:: len(loss.y_ticks) - 1] == [
        (HEIGHT - BOTTOM, "0"),
        (TOP, "4"),
    ]
    assert [tick.text for tick in loss.x_ticks] == ["0", "5", "10", "15", "20"]


@pytest.mark.parametrize("value", [0.0, -3.0, 1e-9, 7.0, 1e6])
def test_one_value_or_a_constant_lies_in_its_chart(value):
    for rows in ([{"step": 1.0, "loss": value}], [{"step": float(i), "loss": value} for i in range(3)]):
        (chart,) = charts_of(rows)
        drawn = points(chart.lines[0])
        assert len(drawn) >= 2
        assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in drawn)


def test_a_long_training_is_drawn_by_means_of_neighbours():
    (chart,) = charts_of([{"step": float(i), "loss": float(i % 2)} for i in range(1, 120_001)])
    drawn = points(chart.lines[0])
    assert len(drawn) == 600
    assert {y for _, y in drawn} == {(TOP + HEIGHT - BOTTOM) / 2}


def test_without_metrics_there_is_no_chart():
    assert charts_of(metrics_of(b"")) == ()
