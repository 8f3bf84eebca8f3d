"""(pipeline, data set, who decides the bytes) -> a pinned plan, and what differs between two."""

import dataclasses

import pytest

from orchestrator.pipelines.base import DataSet
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.pipelines.grid.pipeline import PIPELINE
from orchestrator.runs.plan import Roots, explain_difference, make_plan
from services.base.errors import BadConfig
from services.base.run.manifest import ClipRow, ClipTable, Extra, Manifest
from services.base.run.spec import QuarantineEntry
from services.base.stage.config import config_from_argv

ROOTS = Roots("/in", "/out", "/out/.visemill")
STAGES = (("decode", {"max_frames": 75}), ("landmarks", {"backend": "mediapipe"}), ("records", {}))


def identities(**changes):
    base = [
        {"name": "decode", "version": 1, "run_config": {"max_frames": 75}, "models": {}, "libraries": {"av": "18"}},
        {
            "name": "landmarks",
            "version": 1,
            "run_config": {},
            "models": {"face.task": "ab"},
            "libraries": {"mediapipe": "1"},
        },
        {"name": "records", "version": 1, "run_config": {}, "models": {}, "libraries": {"numpy": "2"}},
    ]
    return [{**identity, **changes} if identity["name"] == "landmarks" else identity for identity in base]


def data_set(num_clips=3, split="train"):
    rows = [
        ClipRow(
            f"s1/c{i}",
            f"c{i}",
            "s1",
            f"s1/c{i}.mpg",
            split,
            0,
            i,
            i,
            100 + i,
            "v",
            (Extra("align", f"c{i}.align", 9, "v"),),
        )
        for i in range(num_clips)
    ]
    return DataSet(ClipTable.of_rows(rows), details={"mode": "speaker_holdout"})


def plan(**changes):
    given = {"data": data_set(), "identities": identities(), "num_shards": 2, "run": "", **changes}
    return make_plan(PIPELINE, given["data"], STAGES, given["identities"], ROOTS, given["num_shards"], run=given["run"])


def test_a_plan_counts_and_freezes_its_clips():
    made = plan()
    assert (made.spec.num_clips, made.input_bytes, dict(made.num_by_split)) == (3, 303, {"train": 3})
    assert [row.key for row in Manifest(made.clips)] == ["s1/c0", "s1/c1", "s1/c2"]
    assert made.spec.run == made.spec.digest[:16]
    assert made.spec.stages[1].models == {"face.task": "ab"}


def test_equal_plans_have_equal_digests_and_a_name_is_no_part_of_it():
    assert plan().spec.digest == plan(run="mine").spec.digest
    assert plan(run="mine").spec.run == "mine"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"data": data_set(2)}, "the list of clips (3 then, 2 now)"),
        ({"num_shards": 3}, "--num-shards 2 against 3"),
        ({"identities": identities(models={"face.task": "cd"})}, "model face.task ab against cd"),
        ({"identities": identities(libraries={"mediapipe": "2"})}, "library mediapipe 1 against 2"),
    ],
)
def test_what_differs_between_two_plans_is_named(changes, told):
    other = plan(**changes)
    assert other.spec.digest != plan().spec.digest
    assert told in explain_difference(plan().spec, other.spec)


def test_another_number_of_shards_alone_is_not_told_as_another_list_of_clips():
    assert explain_difference(plan().spec, plan(num_shards=3).spec) == "--num-shards 2 against 3"


def test_a_data_set_without_clips_is_refused_with_what_was_found():
    empty = DataSet(ClipTable.of_rows([]), (QuarantineEntry("a", "a", "none", "BAD_INPUT", "EMPTY_FILE", "0 bytes"),))
    with pytest.raises(BadConfig, match="1 EMPTY_FILE"):
        plan(data=empty)


def grid_options(*words):
    return config_from_argv(GridOptions, words, "grid")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), {"backend": "mediapipe", "mode": "tracked"}),
        (("--dlib-predictor", "f.dat"), {"backend": "dlib", "mode": "tracked", "dlib_predictor": "f.dat"}),
        (("--profile", "liptype2-v1"), {"backend": "mediapipe", "mode": "per-frame"}),
        (("--profile", "liptype2-v1", "--landmarks-mode", "tracked"), {"mode": "tracked"}),
        (("--landmarks", "dlib"), {"backend": "dlib", "dlib_predictor": ""}),
    ],
)
def test_landmarks_follow_the_flags(words, expected):
    settings = dict(PIPELINE.stages(grid_options(*words)))["landmarks"]
    assert {name: settings[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [((), 75), (("--decode-max-frames", "0"), 0), (("--decode-max-frames", "9"), 9), (("--max-frames", "50"), 50)],
)
def test_frames_decoded_follow_the_flags(words, expected):
    assert dict(PIPELINE.stages(grid_options(*words)))["decode"]["max_frames"] == expected


def test_flags_that_disagree_are_refused():
    with pytest.raises(BadConfig, match="FLAGS_DISAGREE"):
        PIPELINE.stages(grid_options("--landmarks", "mediapipe", "--dlib-predictor", "f.dat"))


def test_the_seeds_defaults_are_kept():
    flags = grid_options()
    assert (flags.num_shards, flags.max_frames, flags.max_examples, flags.decode_max_frames) == (64, 75, 0, -1)
    assert (flags.dlib_predictor, flags.split_config) == ("", "")


def test_an_order_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan().spec.run = "other"


def test_settings_that_decide_nothing_are_not_told_as_differences():
    from services.base.run.passes import GangPass

    def training(**config):
        gang = GangPass("train", "grid-ctc", 1, "d" * 64, config=config, at_root=True)
        return dataclasses.replace(plan().spec, pipeline="grid-ctc", gangs=(gang,))

    pinned, planned = training(num_epochs=3, num_workers=2), training(num_epochs=4, num_workers=8)
    assert explain_difference(pinned, planned) == "train.num_epochs 3 against 4"
