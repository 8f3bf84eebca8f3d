"""No setting without effect, and none that no flag reaches: every field of a config is read, and set by a pipeline."""

import ast
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from orchestrator.kube.pod_manifest import PodSettings
from orchestrator.kube.settings import KubeSettings
from orchestrator.pipelines.base import Pipeline
from orchestrator.pipelines.grid.pipeline import PIPELINE as GRID
from orchestrator.pipelines.sign.pipeline import PIPELINE as SIGN
from services.base.rpc.config import ServeConfig
from services.base.stage.config import config_from_argv
from services.base.stage.fields import fields_of
from services.containers.config import DecodeConfig
from services.features.spec import FeaturesConfig
from services.landmarks.backends import BACKENDS, backend_named
from services.landmarks.body.spec import KeypointsConfig
from services.landmarks.spec import LandmarksConfig
from services.records.grid.spec import RecordsConfig
from services.records.sign.spec import SignFilesConfig
from services.triton.config import Serving

ROOT = Path(__file__).resolve().parents[4]
STAGES = {
    "decode": DecodeConfig,
    "landmarks": LandmarksConfig,
    "records": RecordsConfig,
    "keypoints": KeypointsConfig,
    "features": FeaturesConfig,
    "signfiles": SignFilesConfig,
}
CONFIGS = [*STAGES.values(), KubeSettings, PodSettings, ServeConfig, Serving]
# Fields that no flag of a pipeline sets, and why.
NO_FLAG = {
    "decode.chunk_bytes": "memory of the pass, a flag of the server; it changes no byte",
    "features.model": "there is one network",
    "landmarks.face_detector": "of talking heads: pfld for records is found in the model folders",
    "landmarks.landmark_model": "of talking heads, likewise",
    "landmarks.search_every_frames": "of pfld alone, whose error it does not change",
}
# Files of a backend, which the table of backends names.
READ_BY_NAME = {setting for name in BACKENDS for setting in backend_named(name).settings.values()}
# What checks a value or names it in a digest gives it no effect.
CHECKS = {"__post_init__", "key_config"}


class Reads(ast.NodeVisitor):
    """Names of attributes that are read, and texts, outside of checks and of what defines a flag."""

    def __init__(self) -> None:
        self.attributes: set[str] = set()
        self.texts: set[str] = set()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name not in CHECKS:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if not (isinstance(node.func, ast.Name) and node.func.id == "add"):
            self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            self.attributes.add(node.attr)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.texts.add(node.value)


def reads(*folders: str) -> Reads:
    found = Reads()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


@pytest.fixture(scope="module")
def read() -> Reads:
    return reads("services", "orchestrator")


def parsed(pipeline: Pipeline, *words: str) -> Any:
    return config_from_argv(pipeline.options, words, pipeline.name)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.__name__)
def test_every_field_of_a_config_is_read(config: type, read: Reads) -> None:
    known = read.attributes | READ_BY_NAME
    assert [f.name for f in dataclasses.fields(config) if f.name not in known] == []


@pytest.mark.parametrize("pipeline", [GRID, SIGN], ids=["grid", "sign"])
def test_every_option_of_a_pipeline_is_read(pipeline: Pipeline, read: Reads) -> None:
    """By itself, or as a setting of a stage that it says it sets."""
    unread = [f.name for f in fields_of(pipeline.options) if not f.sets and f.name not in read.attributes]
    assert unread == []


def test_every_setting_of_a_stage_has_a_flag() -> None:
    asked = [
        *GRID.stages(parsed(GRID)),
        *SIGN.stages(parsed(SIGN, "--write-keypoints", "--write-iv3-features")),
    ]
    settable = {f"{stage}.{name}" for stage, values in asked for name in values}
    wanted = {f"{stage}.{field.name}" for stage, config in STAGES.items() for field in dataclasses.fields(config)}
    assert sorted(wanted - settable) == sorted(NO_FLAG)


def test_a_check_and_the_definition_of_a_flag_are_no_reads() -> None:
    found = Reads()
    found.visit(ast.parse("def __post_init__(self):\n    self.checked\n\nadd('--x', dest='defined')\nprint(self.used)"))
    assert (found.attributes, found.texts) == ({"used"}, set())
