"""`visemill doctor`: per pipeline, each part ok or missing, with what it is for and the command that gets it."""

import dataclasses
import json
import os
import shutil
import tomllib
from pathlib import Path

import pytest

from orchestrator.cli import doctor_checks
from orchestrator.cli.doctor_checks import checks_of
from orchestrator.cli.main import main
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.pipelines.needs import Need, PackageNeed
from services.base.errors import BadConfig

GRID, SIGN = {"landmarks mediapipe", "records"}, {"keypoints", "signfiles", "features torch (optional)"}


def names(*pipelines: str) -> set[str]:
    return {check.name for check in checks_of(pipelines, [], {})}


def test_each_pipeline_has_its_own_parts_and_both_share_the_machine():
    assert names("grid") >= GRID and not names("grid") & SIGN
    assert names("sign") >= SIGN and not names("sign") & GRID
    assert names("grid", "sign") == names("grid") | names("sign")
    shared = names("grid") & names("sign")
    assert {"python", "decode", "decoder h264", "kubectl (optional)", "helm (optional)", "buf (optional)"} <= shared


def test_each_extra_of_the_distribution_has_a_line_that_says_how_to_get_it():
    project = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text())["project"]
    fixes = [check.fix for check in checks_of(sorted(PIPELINES), [], {})]
    extras = project["optional-dependencies"].keys() - {"dev"}
    assert extras and [extra for extra in extras if not any(f"'visemill[{extra}]'" in fix for fix in fixes)] == []


@pytest.mark.parametrize(("pipeline", "needed"), [("grid", {"decoder mpeg1video"}), ("sign", {"decoder h264"})])
def test_the_decoders_that_a_pipeline_cannot_do_without_are_needed(pipeline, needed):
    decoders = [check for check in checks_of([pipeline], [], {}) if check.name.startswith("decoder ")]
    assert {check.name for check in decoders if check.needed} == needed
    assert {check.name.split()[1] for check in decoders} >= {"h264", "mpeg2video", "vp8", "vp9", "hevc", "av1"}


def test_what_two_need_is_checked_once_and_is_needed_where_one_cannot_do_without():
    checks = checks_of(["grid", "sign"], [], {})
    assert len({check.name for check in checks}) == len(checks)
    needed = {check.name for check in checks if check.needed and check.name.startswith("decoder ")}
    assert needed == {"decoder mpeg1video", "decoder h264"}


@pytest.mark.parametrize(
    ("given", "needed"),
    [({}, False), ({"dlib_predictor": "a.dat", "iv3_weights": "ignored, as no option of it"}, True)],
)
def test_a_file_that_is_given_is_needed(given, needed):
    (dlib,) = (check for check in checks_of(["grid"], [], given) if check.name == "landmarks dlib (optional)")
    assert dlib.needed == needed


def test_a_pipeline_says_what_it_needs_and_one_that_does_not_needs_its_stages(monkeypatch):
    """By values alone: no shared module knows one of them."""
    own = dataclasses.replace(pipeline_of("grid"), needs=lambda options: (Need("x", PackageNeed("visemill"), "y", ""),))
    silent = dataclasses.replace(own, needs=None)
    monkeypatch.setattr(doctor_checks, "pipeline_of", lambda name: {"own": own, "silent": silent}[name])
    (check,) = (check for check in checks_of(["own"], [], {}) if check.name == "x")
    assert check.needed and check.find() and "pip install" in check.fix
    assert {"decode", "landmarks", "records"} <= {check.name for check in checks_of(["silent"], [], {}) if check.needed}


@pytest.mark.parametrize(("optional", "needed"), [(False, True), (True, False)])
def test_a_machine_without_an_extra_is_healthy_unless_a_pipeline_of_it_is_asked_for(optional, needed):
    checks = {check.name: check for check in checks_of(["grid", "tts", "grid-ctc"], [], {}, optional_extras=optional)}
    assert [checks[name].needed for name in ("sentencepiece", "training")] == [needed, needed]
    assert checks["records"].needed, "of a pipeline without an extra"


def test_every_part_says_what_it_is_for_and_how_to_get_it():
    for check in checks_of(["grid", "sign"], ["/a"], {}):
        assert check.purpose and check.fix, check.name


def test_doctor_finds_what_a_pipeline_needs_here(capsys, tmp_path):
    """Asks every stage of sign who it is, each in a process of its own: some seconds."""
    assert main(["doctor", "sign", "--root", str(tmp_path), "-o", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["healthy"] and said["pipelines"] == ["sign"]
    by_name = {check["check"]: check for check in said["checks"]}
    assert by_name["decoder h264"]["found"] == "built in"
    assert by_name[f"store {tmp_path}"]["found"].startswith("keeps every promise")
    assert by_name["keypoints"]["found"].count(".task ") == 3


def test_what_is_missing_has_its_line_its_purpose_and_its_fix_and_78_is_for_what_is_needed(
    capsys, monkeypatch, tmp_path
):
    """The decoders of this build, the programs on PATH and a root are taken away."""
    monkeypatch.setattr(doctor_checks, "_built_in_decoders", lambda: {"mpeg1video": True, "h264": False})
    monkeypatch.setattr(doctor_checks, "_identity", lambda stage, config: "there")
    monkeypatch.setattr(shutil, "which", lambda name, *_: None)
    assert main(["doctor", "sign"]) == 78
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("MISSING decoder h264: NOT_BUILT_IN: this build of the media library (PyAV) has no decoder h264")
    assert lines[at + 1].strip() == "for: most .mp4 and .mov files"
    assert "pip install" in lines[at + 2] and lines[at + 2].strip().startswith("fix: ")
    assert "absent  helm (optional): NOT_INSTALLED: no program helm on PATH" in lines
    assert main(["doctor", "grid"]) == 0
    (tmp_path / "file").write_text("")
    assert main(["doctor", "grid", "--root", str(tmp_path / "file")]) == 78


def test_little_space_is_missing_with_both_numbers(tmp_path):
    free_bytes = shutil.disk_usage(tmp_path).free
    with pytest.raises(BadConfig, match="may be needed"):
        doctor_checks._free(str(tmp_path), 100 * free_bytes)
    assert doctor_checks._free(str(tmp_path), 0).endswith(" free")
    with pytest.raises(BadConfig, match=os.strerror(2)):
        doctor_checks._free(str(tmp_path / "none"), 0)
