"""The options of every pipeline: each says what it is, and the flags are those that users' scripts have."""

import argparse
import dataclasses

import pytest

from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.pipelines.sign.options import SignOptions
from services.base.errors import BadConfig
from services.base.stage.config import add_config_flags
from services.base.stage.fields import fields_of

GROUPS = {"data set", "picture", "features", "output", "limits", "training", "lipreader"}
# name, default, choices: what scripts of users rely on. A line here changes with a line in docs/upgrade.md.
GRID = {
    "split-config": "",
    "num-shards": 64,
    "max-frames": 75,
    "max-text-len": 32,
    "max-examples": 0,
    "decode-max-frames": -1,
    "max-pixels": 8294400,
    "max-duration-s": 3600.0,
    "max-decoded-frames": 200000,
    "dlib-predictor": "",
    "landmarks": (None, "mediapipe", "dlib", "pfld", "pfld-110"),
    "landmarks-mode": (None, "tracked", "per-frame"),
    "num-jitters": 1,
    "max-gap-frames": 15,
    "face-landmarker": "",
    "profile": ("fixed-scale", "fixed-scale", "liptype2-v1", "aligned-face"),
    "quality-policy": ("flag", "keep", "flag", "quarantine"),
    "layout": (
        "auto", "auto", "processed", "alignments", "align", "align-inside", "align-flat", "doubled",
        "alignments-align", "doubled-align", "video", "video-alignments", "lipnet", "video-inside", "mpg-6000",
        "mpg-6000-alignments", "vipl",
    ),
    "compat-order": False,
    "allow-missing-speakers": False,
}  # fmt: skip
SIGN = {
    "write-keypoints": False,
    "write-iv3-features": False,
    "disable-parquet": False,
    "preview": True,
    "num-shards": 16,
    "target-fps": 15.0,
    "sampling": ("grid", "grid", "decimate", "all"),
    "out-size": 256,
    "conf-thresh": 0.5,
    "max-gap": 5,
    "max-pixels": 8294400,
    "max-duration-s": 3600.0,
    "max-decoded-frames": None,
    "id": None,
    "gloss-id": None,
    "cat-id": None,
    "label-from": ("", "folder"),
    "label-map": "",
    "labels-csv": "",
    "append": False,
    "occ-enable": False,
    "occ-method": ("auto", "auto", "hand-over-head", "visibility"),
    "occ-vis-thresh": 0.6,
    "occ-frame-prop": 0.4,
    "occ-min-run": 15,
    "occ-min-run-s": 0.0,
    "batch-size": 32,
    "iv3-weights": "",
    "iv3-weights-sha256": "",
    "iv3-seed": 0,
    "features-backend": (None, "torch", "onnxruntime", "triton"),
    "iv3-dtype": ("float32", "float32", "bfloat16", "float16"),
    "iv3-device": ("auto", "auto", "cpu", "cuda"),
    "iv3-threads": 1,
    "iv3-channels-last": True,
    "triton": "",
    "triton-in-flight": 4,
    "triton-transport": ("auto", "auto", "grpc", "shared-memory"),
    "segmenter": "",
    "face-landmarker": "",
    "hand-landmarker": "",
    "pose-landmarker": "",
}


@pytest.mark.parametrize(("options", "expected"), [(GridOptions, GRID), (SignOptions, SIGN)])
def test_the_flags_are_these(options, expected):
    parser = argparse.ArgumentParser(add_help=False)
    add_config_flags(parser, options)
    actions = {action.option_strings[0].removeprefix("--"): action for action in parser._actions}
    found = {name: (a.default, *a.choices) if a.choices else a.default for name, a in actions.items()}
    assert found == expected


@pytest.mark.parametrize("name", sorted(PIPELINES))
def test_every_option_has_a_help_a_group_and_a_default(name):
    fields = fields_of(pipeline_of(name).options)
    assert [field.name for field in fields if not field.help or field.group not in GROUPS] == []
    assert [field.name for field in fields if field.default is dataclasses.MISSING] == []


@pytest.mark.parametrize("name", sorted(PIPELINES))
def test_what_an_option_sets_is_a_setting_of_a_stage(name):
    for field in fields_of(pipeline_of(name).options):
        for config, setting in field.sets:
            assert setting in {one.name for one in dataclasses.fields(config)}, (field.name, config.__name__)


@pytest.mark.parametrize(
    ("options", "values", "message"),
    [
        (GridOptions, {"num_shards": 0}, "--num-shards must be 1 or more, not 0"),
        (GridOptions, {"max_frames": 0}, "--max-frames must be 1 or more, not 0"),
        (GridOptions, {"max_text_len": -1}, "--max-text-len must be 1 or more"),
        (GridOptions, {"max_examples": -1}, r"--max-examples must be 0 \(all clips\) or more"),
        (GridOptions, {"decode_max_frames": -2}, "--decode-max-frames must be -1"),
        (SignOptions, {"num_shards": 10**9}, "--num-shards must be from 1 to"),
    ],
)
def test_options_out_of_range_cannot_be_made(options, values, message):
    with pytest.raises(BadConfig, match=f"BAD_FLAGS: {message}"):
        options(**values)
