"""Lines of the form that trainers print, which go on after a restart."""

import datetime
import json

from services.training.checkpoint.progress import Progress
from services.training.engine.logs import Rates, TrainingLog


def log(progress):
    return TrainingLog(progress, quiet=False, now=lambda: datetime.datetime(2025, 1, 20, 10, 30, 15))


def test_lines_have_the_usual_form_and_follow_those_from_before():
    progress = Progress(log=["2025-01-20 10:30:14 - INFO - Train samples: 5"])
    log(progress).scores(0, {"train_loss": 4.23411})
    assert log(progress).text().decode().splitlines() == [
        "2025-01-20 10:30:14 - INFO - Train samples: 5",
        "2025-01-20 10:30:15 - INFO - Epoch 0: train_loss=4.2341",
    ]


def test_metrics_are_a_line_of_json_each_and_null_where_not_finite():
    progress = Progress()
    log(progress).measure(step=1, loss=float("nan"))
    assert [json.loads(line) for line in log(progress).metrics().splitlines()] == [{"step": 1, "loss": None}]


def test_rates_are_since_they_were_asked_for():
    times = iter([0.0, 2.0, 3.0])
    rates = Rates(clock=lambda: next(times))
    rates.add(10, 0.5)
    assert rates.take() == {"items_per_s": 5.0, "waited": 0.25}
    assert rates.take() == {"items_per_s": 0.0, "waited": 0.0}
