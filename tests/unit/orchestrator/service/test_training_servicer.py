"""Trainings as messages: what is submitted, what is told."""

import pytest
from visemill.v1 import training_pb2

from orchestrator.access.allowed import Allowed
from orchestrator.access.request import Limits
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.base import no_gangs
from orchestrator.pipelines.commands import commands_of, resolve
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.service.record import Pinned, RunRecord
from orchestrator.service.training_progress import Measured, Seen
from orchestrator.service.training_servicer import _in_pieces, training_request_of, training_to_proto
from services.base.errors import BadConfig

RECIPES = [name for name in PIPELINES if pipeline_of(name).gangs is not no_gangs]


def message(**values):
    roots = {"recipe": "grid-ctc", "data_root": "/data/records", "checkpoint_dir": "/data/out"}
    return training_pb2.SubmitTrainingRequest(**roots | values)


def test_a_training_is_requested_as_a_run_of_its_recipe():
    asked = training_request_of(message(state_root="/data/state", run_name="mine", max_attempts=7))
    assert (asked.roots.input_root, asked.roots.output_root) == ("/data/records", "/data/out")
    assert (asked.roots.state_root, asked.roots.run_name) == ("/data/state", "mine")
    assert (asked.pipeline, asked.options.data_root, asked.limits) == (
        "grid-ctc",
        "/data/records",
        Limits(max_attempts=7),
    )


def test_a_preset_stands_between_the_defaults_and_the_flags():
    asked = training_request_of(message(preset="cpu", flags=["--batch_frames=12", "--no-log_images"]))
    options = asked.options
    assert (options.size, options.num_ranks) == ("tiny", 2), "of the preset"
    assert (options.batch_frames, options.log_images) == (12, False), "of the flags"
    assert options.whole_only == training_request_of(message()).options.whole_only, "of the defaults"


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_can_be_submitted_with_each_of_its_named_settings(recipe):
    commands = commands_of(recipe)
    assert "pin" in commands.verbs, "a server pins what it is submitted"
    for field, where in (("preset", commands.presets), ("compat", commands.baselines)):
        for name, settings in (resolve(where) if where else {}).items():
            options = training_request_of(message(recipe=recipe, **{field: name})).options
            assert {key: getattr(options, key) for key in settings} == settings


def test_a_recipe_goes_by_its_other_names_and_a_preset_wins_over_another_trainers_numbers():
    asked = training_request_of(message(recipe="chinese-lips", compat="seed", preset="cpu", flags=["--max_frames=80"]))
    assert asked.pipeline == "chinese-lips-lstm"
    assert (asked.options.resample, asked.options.batch_size, asked.options.max_frames) == ("step", 2, 80)


def test_underscores_stay_in_values():
    asked = training_request_of(message(flags=["--tensorboard_dir=/data/my_runs"]))
    assert asked.options.tensorboard_dir == "/data/my_runs"


@pytest.mark.parametrize(
    ("values", "reason", "named"),
    [
        ({"recipe": ""}, "BAD_SUBMISSION", "recipe is empty"),
        ({"data_root": ""}, "BAD_SUBMISSION", "data_root is empty"),
        ({"checkpoint_dir": ""}, "BAD_SUBMISSION", "checkpoint_dir is empty"),
        ({"recipe": "gird-ctc"}, "UNKNOWN_PIPELINE", "did you mean 'grid-ctc'"),
        ({"recipe": "grid"}, "NO_RECIPE", "the recipes are chinese-lips-conformer, chinese-lips-lstm, grid-ctc"),
        ({"preset": "48gb"}, "NO_PRESET", "only cpu, 12gb, 24gb"),
        ({"compat": "seed"}, "NO_PRESET", "no compat 'seed', only none"),
        ({"flags": ["--num_epoch=3"]}, "BAD_FLAGS", "--num-epoch=3"),
        ({"flags": ["--num_epochs=0"]}, "BAD_SETTING", "give 1 or more"),
        ({"flags": ["--data_root=/etc"]}, "BAD_SUBMISSION", "give data_root"),
        ({"max_attempts": -1}, "BAD_SUBMISSION", "max_attempts"),
    ],
)
def test_what_cannot_be_is_refused(values, reason, named):
    with pytest.raises(BadConfig) as refused:
        training_request_of(message(**values))
    assert refused.value.reason == reason and named in refused.value.message


@pytest.mark.parametrize(
    "values",
    [
        {"data_root": "/etc"},
        {"checkpoint_dir": "/data/../etc"},
        {"state_root": "s3://bucket/state"},
        {"flags": ["--tensorboard_dir=/etc/runs"]},
    ],
)
def test_whatever_a_training_reads_or_writes_lies_below_an_allowed_root(values):
    Allowed(("/data",)).check(training_request_of(message()))
    with pytest.raises(BadConfig, match="ROOT_NOT_ALLOWED"):
        Allowed(("/data",)).check(training_request_of(message(**values)))


def test_a_training_is_told_as_its_run_and_how_far_it_is():
    record = RunRecord(training_request_of(message(flags=["--num-ranks=2"])), Pinned("r", "d", "/s", 0, 3), 1.0, 5)
    listed = training_to_proto(record)
    assert (listed.run.id, listed.recipe, listed.num_ranks) == (record.id, "grid-ctc", 2)
    assert not listed.HasField("progress")
    told = training_to_proto(record, Seen(12, 2, finished=True, values={"loss": 1.5})).progress
    assert (told.step, told.generation, told.finished, dict(told.values)) == (12, 2, True, {"loss": 1.5})


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (1000, [1000]), (2001, [1000, 1000, 1])])
def test_a_message_holds_so_many_metrics_and_there_is_always_one(count, sizes):
    assert [len(piece) for piece in _in_pieces(Measured(i, {}) for i in range(count))] == sizes
