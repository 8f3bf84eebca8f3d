"""What a machine needs follows from the stages that a run has."""

import tomllib
from pathlib import Path

from orchestrator.pipelines.needs import StageNeed
from orchestrator.pipelines.talker.needs import needs
from orchestrator.pipelines.talker.options import TalkerOptions


def test_each_stage_is_a_need_with_its_settings_and_a_fix():
    found = needs(TalkerOptions(video_path="v.mp4", asr_model="mel"))
    assert [need.name for need in found] == ["decode", "audio", "landmarks", "sound", "audiofeatures", "talkerfiles"]
    assert all(need.purpose and need.fix and isinstance(need.what, StageNeed) for need in found)


def test_a_network_of_sound_is_optional():
    found = {need.name: need.is_needed for need in needs(TalkerOptions(video_path="v.mp4"))}
    assert [name for name, is_needed in found.items() if not is_needed] == ["audiofeatures"]


def test_features_alone_need_no_landmarks():
    assert "landmarks" not in {need.name for need in needs(TalkerOptions(video_path="v.mp4", parts="features"))}


def test_one_extra_is_all_that_talking_heads_need():
    project = tomllib.loads((Path(__file__).parents[5] / "pyproject.toml").read_text())["project"]
    extras = {name: set(texts) for name, texts in project["optional-dependencies"].items()}
    assert extras["features"] <= extras["talker"] <= extras["features"] | extras["train"]
    assert any(text.startswith("soxr") for text in project["dependencies"])
    assert "visemill[talker]" in next(need.fix for need in needs(TalkerOptions()) if need.name == "audiofeatures")
