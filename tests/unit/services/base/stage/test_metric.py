"""What a stage says of the numbers that it measures."""

import pytest

from services.__main__ import STAGES, spec_of
from services.base.stage.metric import StageMetric
from services.base.stage.spec import StageSpec
from services.base.stage.stream import STREAMS


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "frames"},
        {"name": "visemill_Frames"},
        {"name": "visemill_frames_total"},
        {"name": "visemill_frames", "fact": "num_frames", "buckets": (1.0,)},
    ],
)
def test_what_prometheus_would_not_take_is_refused(fields):
    with pytest.raises(ValueError, match=r"visemill_|buckets"):
        StageMetric(text="Frames.", **fields)


def test_a_stage_without_a_stream_has_no_facts_to_count():
    with pytest.raises(ValueError, match="no stream"):
        StageSpec("s", 1, object, ("frames",), ("x",), metrics=(StageMetric("visemill_x", "X.", fact="num_x"),))


def test_a_metric_of_one_name_is_the_same_to_every_stage_that_has_it():
    """Two that ask the same kind of server count its calls alike."""
    owned = {metric for stage in STAGES for metric in spec_of(stage).metrics}
    assert len({metric.name for metric in owned}) == len(owned) >= 7


@pytest.mark.parametrize("stage", STAGES)
def test_facts_that_are_counted_are_there(stage):
    spec = spec_of(stage)
    for metric in spec.metrics:
        if metric.fact:
            assert metric.fact in STREAMS[spec.source_of].facts.__dataclass_fields__
