"""The state files of a person's folder: the document's keys, and nothing that others have written lost."""

import json

import pytest

from orchestrator.pipelines.talker.state_files import Preprocessed, metadata_bytes, state_bytes, trained_bytes

MADE = Preprocessed(
    "obama", "/videos/obama.mp4", "/dataset/obama", ("ave", "hubert"), 25.0, 1234, 1234, "2026-11-29T12:00:00+00:00"
)


def test_metadata_has_the_documents_keys():
    assert json.loads(metadata_bytes(MADE)) == {
        "video_path": "/videos/obama.mp4",
        "name": "obama",
        "asr_model": "hubert",
        "asr_models": ["ave", "hubert"],
        "fps": 25.0,
        "timestamp": "2026-11-29T12:00:00+00:00",
        "dataset_path": "/dataset/obama",
    }


def test_the_state_has_the_documents_keys():
    assert json.loads(state_bytes(MADE, None)) == {
        "preprocessing": {
            "completed": True,
            "timestamp": "2026-11-29T12:00:00+00:00",
            "frame_count": 1234,
            "landmark_count": 1234,
            "steps": {"frames": True, "landmarks": True, "audio": True, "audio_features": True},
            "frames_metadata": {"count": 1234},
            "landmarks_metadata": {"count": 1234},
            "audio_features_metadata": {"asr_model": "hubert"},
        }
    }


def test_what_others_have_written_stays():
    before = {
        "preprocessing": {"completed": False, "operator": "me"},
        "syncnet_training": {"completed": True, "epochs": 100},
        "notes": "ours",
    }
    after = json.loads(state_bytes(MADE, json.dumps(before).encode()))
    assert after["syncnet_training"] == before["syncnet_training"] and after["notes"] == "ours"
    assert after["preprocessing"]["completed"] is True and after["preprocessing"]["operator"] == "me"


@pytest.mark.parametrize("before", [b"", b'{"preprocessing": {', b"[]", b"\xff", b'{"preprocessing": 3}'])
def test_a_file_that_is_torn_or_says_something_else_is_written_anew(before):
    assert json.loads(state_bytes(MADE, before))["preprocessing"]["frame_count"] == 1234


def test_a_folder_without_features_is_not_done():
    with pytest.raises(ValueError, match="features"):
        Preprocessed("a", "a.mp4", "/a", (), 25.0, 1, 1, "now")


def test_trainers_add_their_part_and_lose_nothing_of_the_others():
    before = json.dumps({"preprocessing": {"completed": True}, "syncnet_training": {"by_others": 1}, "x": 2}).encode()
    found = json.loads(trained_bytes("syncnet_training", {"completed": True, "epochs": 3}, before))
    assert found == {
        "preprocessing": {"completed": True},
        "syncnet_training": {"by_others": 1, "completed": True, "epochs": 3},
        "x": 2,
    }


@pytest.mark.parametrize("before", [None, b"", b"{torn", b"[]", b'{"main_training": 7}'])
def test_a_part_is_written_whatever_is_there(before):
    assert json.loads(trained_bytes("main_training", {"epochs": 3}, before)) == {"main_training": {"epochs": 3}}
