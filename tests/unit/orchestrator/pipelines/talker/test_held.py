"""What is left to write of a person's folder, and what may be added to it."""

from dataclasses import replace

import pytest

from orchestrator.pipelines.talker.held import as_held, check_added, held_features, model_of, parts_of
from orchestrator.pipelines.talker.options import TalkerOptions, stages
from services.base.errors import BadConfig
from services.base.run.spec import PinnedStage, RunSpec

VIDEO = {"size_bytes": 1000, "version": "1", "path": "/videos/a.mp4"}


def spec(options: TalkerOptions, video: dict = VIDEO) -> RunSpec:
    pinned = tuple(PinnedStage(name, config) for name, config in stages(options))
    return RunSpec(
        "r", "talker", "d", pinned, "/videos", "/dataset/a", 1, 1, "c", {}, {"name": "a", "video": video},
        options={"asr_weights": options.asr_weights} if options.asr_weights else {},
    )  # fmt: skip


def options(asr_model: str = "ave", **changed: object) -> TalkerOptions:
    return TalkerOptions(video_path="/videos/a.mp4", name="a", asr_model=asr_model, **changed)  # type: ignore[arg-type]


def test_an_empty_folder_gets_everything():
    assert as_held(options(), []).parts == "all"


def test_a_second_model_is_added_and_the_first_is_not_made_again():
    first = spec(options("ave"))
    asked = as_held(options("mel"), [first])
    assert (asked.parts, asked.asr_model) == ("features", "mel")
    assert as_held(options("ave"), [first]) == options("ave")
    assert "landmarks" not in dict(stages(asked))


def test_of_a_folder_that_has_it_all_nothing_is_left_to_do():
    runs = [spec(options("ave")), spec(options("mel", parts="features"))]
    assert held_features(runs) == ["ave", "mel"]
    # Whatever is asked for again is the run that the folder is of.
    assert as_held(options("ave"), runs) == options("mel", parts="features")
    assert as_held(options("mel"), runs) == options("mel", parts="features")


def test_a_run_that_is_taken_up_again_keeps_its_own_weights():
    runs = [spec(options("mel")), spec(options("ave", parts="features", asr_weights="/w.pth"))]
    assert as_held(options("mel"), runs).asr_weights == "/w.pth"


def test_what_a_run_writes_is_told_by_its_stages():
    assert (model_of(spec(options("mel"))), parts_of(spec(options("mel")))) == ("mel", "all")
    assert parts_of(spec(options("mel", parts="features"))) == "features"


def test_the_same_video_at_the_same_rate_may_get_further_features():
    check_added([spec(options("ave"))], spec(options("mel", parts="features")))


@pytest.mark.parametrize(
    ("changed", "video", "said"),
    [
        ({"fps": 30.0}, VIDEO, "decode.target_fps 25.0 against 30.0"),
        ({"frame_format": "jpg"}, VIDEO, "talkerfiles.frame_format png against jpg"),
        ({}, {**VIDEO, "size_bytes": 1001}, "the video, its size or its time"),
        ({}, {**VIDEO, "path": "/videos/b.mp4"}, "the video"),
    ],
)
def test_anything_else_is_another_data_set(changed, video, said):
    asked = spec(replace(options("mel", parts="features"), **changed), video)
    with pytest.raises(BadConfig, match=said) as caught:
        check_added([spec(options("ave"))], asked)
    assert caught.value.reason == "DATASET_CHANGED" and "--force" in caught.value.message
