"""What a finished run leaves in a person's folder, and the rules that a folder is held to."""

import json
from pathlib import Path

import pytest

from orchestrator.pipelines.base import Made
from orchestrator.pipelines.talker.options import TalkerOptions, stages
from orchestrator.pipelines.talker.pipeline import (
    PIPELINE,
    check_outputs,
    file_of,
    is_own,
    leave,
    output_name,
    payloads,
    predict,
    summary_files,
)
from services.base.run.manifest import ClipRow
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.local.folder import LocalFolder

ROW = ClipRow("a", "a", "a", "a.mp4", "train", 0, 0, 0, 1, "v")
LINE = {"key": "a", "num_frames": 75, "num_usable": 75}


def spec(**given: object) -> RunSpec:
    options = TalkerOptions(video_path="/v/a.mp4", name="a", **given)  # type: ignore[arg-type]
    pinned = tuple(PinnedStage(name, config) for name, config in stages(options))
    details = {"name": "a", "video": {"path": "/v/a.mp4"}}
    return RunSpec("r", "talker", "d", pinned, "/v", "/dataset/a", 1, 1, "c", {}, details)


def made(quality: list[dict], *earlier: RunSpec, **given: object) -> Made:
    return Made(spec(**given), (), quality, earlier=earlier)


def test_state_files_are_left_for_others(tmp_path: Path):
    outputs = LocalFolder(tmp_path)
    leave(made([LINE], asr_model="mel"), outputs)
    assert json.loads(outputs.read(".training_state.json"))["preprocessing"]["frame_count"] == 75
    leave(
        made([{"key": "a", "num_frames": 75}, LINE], spec(asr_model="mel"), asr_model="ave", parts="features"), outputs
    )
    metadata = json.loads(outputs.read(".preprocessing_metadata.json"))
    assert (metadata["asr_model"], metadata["asr_models"], metadata["fps"]) == ("ave", ["mel", "ave"], 25.0)
    assert summary_files(made([LINE])) == {}


def test_of_a_video_in_quarantine_nothing_is_said(tmp_path: Path):
    leave(made([]), LocalFolder(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "expected"),
    [("full_body_img/000000.png", True), ("landmarks/0.lms", True), ("aud_ave.npy", True), ("aud.wav", True),
     ("landmarks.npz", True), ("a.mp4", False), (".training_state.json", False), ("notes/aud_ave.npy", False)],
)  # fmt: skip
def test_files_of_other_names_are_in_nobodys_way(name, expected):
    assert is_own(name) is expected and PIPELINE.writes is is_own


def test_each_run_has_a_file_of_its_own(tmp_path: Path):
    assert file_of(spec(), ROW) == "landmarks.npz"
    assert file_of(spec(asr_model="mel", parts="features"), ROW) == "aud_mel.npy"
    assert output_name(spec(), ROW, "aud.wav") == "aud.wav"
    outputs = LocalFolder(tmp_path)
    outputs.put("aud.wav", b"sound")
    assert list(payloads(outputs, "aud.wav")) == [(0, b"sound")]


def tree(num_pictures: int = 3, num_points: int = 3, *, sound: bool = True) -> list[str]:
    names = [f"full_body_img/{i:06d}.png" for i in range(num_pictures)]
    names += [f"landmarks/{i:06d}.pkl" for i in range(num_points)]
    return sorted([*names, *(["aud.wav"] if sound else [])])


@pytest.mark.parametrize(
    ("names", "rules"),
    [
        (tree(), []),
        (tree(3, 2), ["LENGTH"]),
        (tree(sound=False), ["MISSING"]),
        ([name for name in tree() if "img/000001" not in name], ["GAP"]),
        (["aud_mel.npy"], []),
    ],
)
def test_a_folder_without_gaps_keeps_the_rules(tmp_path: Path, names, rules):
    found = check_outputs(spec(), LocalFolder(tmp_path), names)
    assert [message.partition(":")[0] for _, message in found] == rules


def test_what_is_predicted_follows_the_format_and_the_parts():
    def bytes_of(**given: object) -> float:
        options = TalkerOptions(video_path="v.mp4", **given)  # type: ignore[arg-type]
        return predict(dict(stages(options)), 1e6).output_bytes

    assert bytes_of() > 5 * bytes_of(frame_format="jpg") > bytes_of(parts="features")
