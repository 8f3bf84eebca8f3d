"""What differs between two model configs is named with both values; what a server fills in is no difference."""

import pytest

pytest.importorskip("tritonclient", reason="the triton extra is not installed")
pytest.importorskip("onnxruntime", reason="the features extra is not installed")

from services.triton.client import parse_config
from services.triton.verify import config_differences

HERE = """
name: "m" backend: "python" max_batch_size: 32
input [ { name: "frames" data_type: TYPE_UINT8 dims: [ 8, 8, 3 ] } ]
dynamic_batching { preferred_batch_size: [ 8, 32 ] }
instance_group [ { count: 1 kind: KIND_CPU } ]
parameters { key: "num_threads" value: { string_value: "1" } }
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("count: 1", 'count: 1 name: "m_0"', []),
        ('name: "m"', 'name: "m" default_model_filename: "model.py"', []),
        ("max_batch_size: 32", "max_batch_size: 16", ["max_batch_size (32, 16)"]),
        ("[ 8, 32 ]", "[ 8 ]", ["dynamic_batching.preferred_batch_size[1] (32, unset)"]),
        (
            "dynamic_batching {",
            "dynamic_batching { max_queue_delay_microseconds: 50",
            ["dynamic_batching.max_queue_delay_microseconds (unset, 50)"],
        ),
        ("count: 1 kind: KIND_CPU", "count: 2 kind: KIND_CPU", ["instance_group[0].count (1, 2)"]),
        ('string_value: "1"', 'string_value: "4"', ["parameters[num_threads].string_value (1, 4)"]),
        ("dims: [ 8, 8, 3 ]", "dims: [ 8, 9, 3 ]", ["input[0].dims[1] (8, 9)"]),
    ],
)
def test_each_difference_has_its_name_and_both_values(old: str, new: str, expected: list[str]) -> None:
    assert old in HERE
    assert config_differences(parse_config(HERE), parse_config(HERE.replace(old, new))) == expected
