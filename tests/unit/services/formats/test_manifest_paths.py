"""Paths of a manifest that moves lead where they led."""

import pytest

from services.formats.manifest_paths import moved, place_of, relative


@pytest.mark.parametrize(
    ("path", "folder", "named"),
    [
        ("/a/out/codes/x.npy", "/a/out", "codes/x.npy"),
        ("/a/out/codes/x.npy", "/a/new", "../out/codes/x.npy"),
        ("s3://b/out/codes/x.npy", "s3://b/new/one", "../../out/codes/x.npy"),
        ("s3://b/out/x.npy", "s3://c/out", "s3://b/out/x.npy"),
        ("/a/x.npy", "s3://b/out", "/a/x.npy"),
    ],
)
def test_a_path_as_a_folder_names_it(path: str, folder: str, named: str) -> None:
    assert relative(path, folder) == named


def test_the_manifests_own_folder_comes_before_the_working_directory() -> None:
    there = {"/m/a.npy", "/w/a.npy", "/w/b.npy", "/x.npy"}
    folders = ("/m", "/w")
    assert place_of("a.npy", folders, there.__contains__) == "/m/a.npy"
    assert place_of("b.npy", folders, there.__contains__) == "/w/b.npy"
    assert place_of("/x.npy", folders, there.__contains__) == "/x.npy"
    assert place_of("c.npy", folders, there.__contains__) is None


def test_only_what_would_lead_elsewhere_changes() -> None:
    there = {"/m/codes/a.npy", "/m/a.wav", "/w/condition/a.npy"}
    values = {
        "id": "a",
        "codes_path": "codes/a.npy",
        "condition_path": "condition/a.npy",
        "audio_path": "a.wav",
        "emo_vec_path": "emo_vec/lost.npy",
        "speaker_path": "/abs/s.npy",
        "note_path": 7,
        "text": "m/codes",
    }
    found = moved(values, ("/m", "/w"), "/m/new", there.__contains__)
    assert found == {
        "codes_path": "../codes/a.npy",
        "condition_path": "../../w/condition/a.npy",
        "audio_path": "../a.wav",
        "emo_vec_path": "../emo_vec/lost.npy",
    }
    # In its own folder only what the working directory had is named anew.
    assert moved(values, ("/m", "/w"), "/m", there.__contains__) == {"condition_path": "../w/condition/a.npy"}


def test_media_that_are_nowhere_stay_as_they_were_named() -> None:
    assert moved({"audio_path": "lost.wav", "audio": "lost.wav"}, ("/m",), "/n", lambda _: False) == {}
