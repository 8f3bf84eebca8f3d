"""Which files of an output are a pipeline's, and of which clip."""

import pytest

from orchestrator.pipelines.tts.options import TtsOptions
from orchestrator.pipelines.tts.roots.adoption import ADOPTION, clip_of, is_own, is_packed


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("text_ids/a.npy", "a"),
        ("text_ids/spk/a.b.npy", "spk/a.b"),
        ("codes/a.npy", ""),
        ("text_ids/a.txt", ""),
        ("worker_00/text_ids/a.npy", ""),
        ("train_manifest.jsonl", ""),
    ],
)
def test_a_clip_is_told_by_its_text_ids(name, clip):
    assert clip_of(name) == clip


@pytest.mark.parametrize(
    "name",
    [
        *("text_ids/a.npy", "codes/a.npy", "condition/b/a.npy", "emo_vec/a.npy"),
        *("train_manifest.jsonl", "val_manifest.jsonl", "stats.json", ".preprocessing_progress.txt"),
    ],
)
def test_files_of_the_original_are_known_by_their_names(name):
    assert is_own(name)
    assert not is_own(f"x/{name}")


def test_it_is_asked_for_by_its_flag_and_gets_the_models_config():
    assert not ADOPTION.is_asked(TtsOptions())
    asked = TtsOptions(skip_existing=True, config="/c.yaml")
    assert ADOPTION.is_asked(asked)
    assert ADOPTION.added(asked) == ("ttsexisting", {"config": "/c.yaml"})
    assert ADOPTION.added(TtsOptions()) == ("ttsexisting", {})


@pytest.mark.parametrize(
    ("name", "holds"), [("features/00000-of-00002.arrow", True), ("features/x.npy", False), ("x.arrow", False)]
)
def test_files_of_many_clips_are_known_by_their_names(name, holds):
    assert is_packed(name) == holds
