"""What a refused clip is told to raise is a flag of the command that refused it, and raising it reaches the limit."""

import ast
import re
from pathlib import Path

import pytest

import services
from orchestrator.cli.main import build_parser
from orchestrator.cli.runs.request import request_of
from orchestrator.pipelines.grid.pipeline import PIPELINE as GRID
from orchestrator.pipelines.sign import options
from orchestrator.pipelines.sign.pipeline import PIPELINE as SIGN
from services.base.sandbox import failure_attribution
from services.base.sandbox.watchdog import ChildLost
from services.containers.config import DecodeConfig
from services.decode.spec import SPEC, run_config

SERVICES = Path(services.__file__).parent
SOURCES = [
    *(SERVICES / "decode").glob("*.py"),
    *(SERVICES / "containers").glob("*.py"),
    *(SERVICES / "records").rglob("*.py"),
    *(SERVICES / "base" / "sandbox").glob("*.py"),
]
OF_SERVERS = {"--max-frames"}
FLAG = re.compile(r"--[a-z][a-z0-9-]*[a-z0-9]")
NEEDED = {
    "grid": ["--input-root", "in", "--output-root", "out"],
    "sign": ["in", "out", "--write-keypoints"],
}
PIPELINES = {"grid": GRID, "sign": SIGN}


def parse(pipeline, *words):
    return build_parser().parse_args(["run", pipeline, *NEEDED[pipeline], *words])


def chosen(pipeline, *words):
    """The options of a command line."""
    return request_of(parse(pipeline, *words)).options


def has_flag(pipeline, flag):
    return hasattr(parse(pipeline), flag.removeprefix("--").replace("-", "_"))


def told_to_raise():
    """Flags in strings of the sources that speak of raising something."""
    found = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, (ast.JoinedStr, ast.Constant)):
                text = ast.unparse(node) if isinstance(node, ast.JoinedStr) else str(node.value)
                found |= set(FLAG.findall(text)) if re.search(r"\braise\b", text) else set()
    return found - OF_SERVERS


def limits_of_length():
    """Settings that `_refuse_long` names."""
    text = (SERVICES / "containers" / "frames.py").read_text()
    return set(re.findall(r"_refuse_long\(.*\"(max_[a-z_]+)\"\)", text))


@pytest.mark.parametrize("pipeline", ["grid", "sign"])
def test_every_limit_is_raised_by_a_flag_of_this_command(pipeline):
    lengths = limits_of_length()
    assert lengths == {"max_decoded_frames", "max_duration_s"}
    flags = told_to_raise() | {f"--{name.replace('_', '-')}" for name in lengths}
    assert {"--max-pixels", "--clip-time-s", "--max-decoded-frames"} <= flags
    assert [flag for flag in sorted(flags) if not has_flag(pipeline, flag)] == []


@pytest.mark.parametrize("pipeline", ["grid", "sign"])
@pytest.mark.parametrize("reason", ["TIMEOUT", "OUT_OF_MEMORY", "CLIP_CRASHED"])
def test_a_clip_lost_for_a_limit_on_clips_names_flags_of_this_command(pipeline, reason):
    lost = ChildLost(reason, "it went")
    error = failure_attribution.attribute_failure("x", lost, "", num_tries=1, is_last=True, held_two=False)
    flags = FLAG.findall(error.message)
    assert flags and all(has_flag(pipeline, flag) for flag in flags)


@pytest.mark.parametrize("pipeline", ["grid", "sign"])
@pytest.mark.parametrize("name", ["max_pixels", "max_duration_s", "max_decoded_frames"])
def test_the_flag_reaches_the_limit(pipeline, name):
    flags = chosen(pipeline, f"--{name.replace('_', '-')}", "123456")
    assert dict(PIPELINES[pipeline].stages(flags))["decode"][name] == 123456


def test_within_the_duration_no_usual_clip_of_signs_is_refused_for_its_frames():
    decode = dict(SIGN.stages(chosen("sign")))["decode"]
    assert decode["max_decoded_frames"] >= max(834 * 240, 3600 * 60, 3600 * 240)
    longer = dict(options.stages(chosen("sign", "--max-duration-s", "7200")))["decode"]
    assert longer["max_decoded_frames"] == 7200 * 240
    shorter = dict(options.stages(chosen("sign", "--max-duration-s", "10")))["decode"]
    assert shorter["max_decoded_frames"] == 200_000


def test_grid_asked_for_more_frames_than_the_limit_takes_them_and_its_default_stays():
    asked = dict(GRID.stages(chosen("grid", "--decode-max-frames", "300000")))["decode"]
    assert run_config(DecodeConfig(**asked))["max_frames"] == 300_000
    assert dict(GRID.stages(chosen("grid")))["decode"]["max_decoded_frames"] == SPEC.config().max_decoded_frames
