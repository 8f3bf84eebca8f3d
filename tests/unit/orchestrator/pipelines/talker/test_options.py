"""Options that cannot be are refused, and settings of stages follow from them."""

import pytest

from orchestrator.pipelines.talker.options import TalkerOptions, stages
from services.base.errors import BadConfig


def test_stages_and_their_settings():
    found = dict(stages(TalkerOptions(video_path="a.mp4", asr_model="mel", fps=30.0, frame_format="jpg")))
    assert list(found) == ["decode", "audio", "landmarks", "sound", "audiofeatures", "talkerfiles"]
    assert (found["decode"]["sampling"], found["decode"]["target_fps"], found["sound"]["fps"]) == ("steady", 30.0, 30.0)
    assert (found["audio"]["sample_rate_hz"], found["audio"]["channels"]) == (16000, 1)
    assert (found["talkerfiles"]["fps"], found["talkerfiles"]["frame_format"]) == (30.0, "jpg")
    assert found["audiofeatures"]["model"] == "mel"


def test_weights_are_named_by_their_whole_path_and_a_server_takes_their_place():
    found = dict(stages(TalkerOptions(video_path="a.mp4", asr_weights="w.pth", triton="localhost:8001")))
    assert found["audiofeatures"]["weights"].startswith("/") and found["audiofeatures"]["backend"] == "triton"


def test_an_exported_file_is_computed_by_onnxruntime():
    for weights, backend in (("model.onnx", "onnxruntime"), ("w.pth", "torch")):
        found = dict(stages(TalkerOptions(video_path="a.mp4", asr_weights=weights)))
        assert found["audiofeatures"].get("backend", "torch") == backend


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"video_path": "a.mp4", "video_dir": "d"}, "--video-path and --video-dir are given"),
        ({"video_list": "l", "json_config": "c"}, "--video-list and --json-config"),
        ({"name": "a"}, "give --video-path too"),
        ({"video_path": "a.mp4", "name": "../a"}, "BAD_NAME"),
        ({"video_dir": "d", "name": "a"}, "give --video-path too"),
        ({"video_path": "a.mp4", "fps": 0.0}, "--fps must be"),
        ({"video_path": "a.mp4", "fps": 1000.0}, "--fps must be"),
        ({"video_path": "a.mp4", "fps": float("nan")}, "--fps must be"),
        ({"video_path": "a.mp4", "asr_model": "hubert", "fps": 30.0}, "rows for 25 frames a second"),
        ({"video_path": "a.mp4", "asr_model": "wenet", "fps": 30.0}, "rows for 25 or 20 frames a second"),
    ],
)
def test_options_that_cannot_be_are_refused(given, said):
    with pytest.raises(BadConfig, match=said):
        TalkerOptions(**given)


def test_what_is_skipped_is_told_by_its_flag():
    assert dict(TalkerOptions(video_path="a.mp4", skip_frames=True, skip_audio=True).skipped) == {
        "--skip-frames": "pictures",
        "--skip-audio": "features of the sound by ave",
    }
