"""config.pbtxt says what was asked for; settings that no server could follow cannot be made."""

import dataclasses

import pytest

from services.triton.config import Serving, Tensor, config_text

FRAMES = (Tensor("frames", "tensor(uint8)", (-1, 299, 299, 3)),)
FEATURES = (Tensor("features", "tensor(float)", (-1, 2048)),)
SEQUENCES = (Tensor("sequences", "tensor(float)", (-1, -1, 80)), Tensor("lengths", "tensor(int64)", (-1,)))
VECTORS = (Tensor("vectors", "tensor(float)", (-1, -1, 128)),)


@pytest.fixture
def parsed():
    """Parses a text as Triton does; skips without its client."""
    triton = pytest.importorskip("services.triton.client", reason="the triton extra is not installed")
    return triton.parse_config


def frames_config(serving: Serving) -> str:
    return config_text("net", FRAMES, FEATURES, serving, {"weights": "seeded:0"})


def test_batching_queue_and_versions_are_as_asked(parsed):
    serving = Serving(
        max_batch_size=16, queue_delay_us=700, max_queue=9, timeout_ms=250, timeout_action="delay", keep_versions=2
    )
    config = parsed(frames_config(serving))
    batching = config.dynamic_batching
    policy = batching.default_queue_policy
    assert (config.name, config.backend, config.max_batch_size) == ("net", "python", 16)
    assert list(batching.preferred_batch_size) == [8, 16]
    assert batching.max_queue_delay_microseconds == 700
    assert (policy.max_queue_size, policy.default_timeout_microseconds, policy.timeout_action) == (9, 250_000, 1)
    assert policy.allow_timeout_override
    assert config.version_policy.latest.num_versions == 2
    assert not config.model_transaction_policy.decoupled


def test_a_queue_has_no_limits_unless_they_are_asked_for(parsed):
    batching = parsed(frames_config(Serving())).dynamic_batching
    assert (batching.HasField("default_queue_policy"), batching.max_queue_delay_microseconds) == (False, 0)
    policy = parsed(frames_config(Serving(max_queue=3))).dynamic_batching.default_queue_policy
    assert (policy.max_queue_size, policy.default_timeout_microseconds) == (3, 0)


def test_where_no_batch_size_is_preferred_it_is_the_largest_as_a_server_itself_says(parsed):
    batching = parsed(frames_config(Serving(preferred_batch_sizes="", max_batch_size=5))).dynamic_batching
    assert list(batching.preferred_batch_size) == [5]


def test_how_far_sequences_may_be_padded_is_a_parameter_of_sequences_alone(parsed):
    serving = Serving(max_padding_percent=25)
    assert "max_padding_percent" not in parsed(frames_config(serving)).parameters
    sequences = parsed(config_text("net", SEQUENCES, VECTORS, serving, {}))
    assert sequences.parameters["max_padding_percent"].string_value == "25"


@pytest.mark.parametrize(("kind", "number"), [("cpu", 2), ("gpu", 1)])
def test_instances_are_placed(parsed, kind, number):
    (group,) = parsed(frames_config(Serving(kind=kind, num_instances=3))).instance_group
    assert (group.kind, group.count) == (number, 3)


def test_what_callers_may_read_and_the_backend_needs_are_parameters(parsed):
    config = parsed(frames_config(Serving(num_threads=4, execution_env='/envs/a "b".tar.gz')))
    values = {name: value.string_value for name, value in config.parameters.items()}
    expected = {"weights": "seeded:0", "num_threads": "4", "EXECUTION_ENV_PATH": '/envs/a "b".tar.gz'}
    assert values == expected


def test_the_onnx_platform_names_its_backend_and_its_threads(parsed):
    config = parsed(frames_config(Serving(platform="onnx", num_threads=4)))
    assert config.backend == "onnxruntime"
    assert config.parameters["intra_op_thread_count"].string_value == "4"


def test_a_warm_up_has_the_inputs_shape_and_lengths_that_are_none_zero(parsed):
    (warm,) = parsed(config_text("net", SEQUENCES, VECTORS, Serving(), {})).model_warmup
    assert list(warm.inputs["sequences"].dims) == [8, 80]
    assert warm.inputs["lengths"].input_data_file == "warm_lengths"
    assert not parsed(frames_config(Serving(warm_up=False))).model_warmup


@pytest.mark.parametrize(("platform", "ragged"), [("python", True), ("onnx", False)])
def test_sequences_of_any_length_go_together_where_the_backend_pads(parsed, platform, ragged):
    config = parsed(config_text("net", SEQUENCES, VECTORS, Serving(platform=platform), {}))
    sequences, lengths = config.input
    assert sequences.allow_ragged_batch is ragged
    assert (list(sequences.dims), list(lengths.dims), list(lengths.reshape.shape)) == ([-1, 80], [1], [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("platform", "tensorrt"),
        ("kind", "tpu"),
        ("timeout_action", "ignore"),
        ("num_instances", 0),
        ("max_batch_size", 0),
        ("max_queue", -1),
        ("timeout_ms", -1),
        ("queue_delay_us", -1),
        ("preferred_batch_sizes", "8,few"),
        ("preferred_batch_sizes", "0,8"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        dataclasses.replace(Serving(), **{name: value})


def test_a_packed_environment_is_for_the_python_backend():
    with pytest.raises(ValueError, match="execution_env"):
        Serving(platform="onnx", execution_env="env.tar.gz")


@pytest.mark.parametrize(("type_", "shape"), [("tensor(string)", (-1, 2)), ("tensor(float)", ())])
def test_tensors_that_are_not_served(type_, shape):
    with pytest.raises(ValueError, match="text"):
        Tensor("text", type_, shape)
