"""What a run of the pipeline writes, and where."""

from orchestrator.pipelines.tts.pipeline import PIPELINE
from services.base.run.manifest import ClipRow
from services.base.run.spec import PinnedStage, RunSpec

ROW = ClipRow("A/1", "A/1-0123456789abcdef", "s", "a.wav", "val", 3, 0, 7, 1, "")


def spec(**settings: str) -> RunSpec:
    stages = (PinnedStage("text", {}, {"tokenizer": "d"}), PinnedStage("ttsfiles", settings))
    return RunSpec("r", "tts", "d" * 64, stages, "/in", "/out", 8, 1, "c" * 64, {"numpy": "2"})


def test_files_are_called_by_the_stem_that_planning_gave() -> None:
    assert PIPELINE.file_of(spec(), ROW) == "text_ids/A/1-0123456789abcdef.npy"
    assert PIPELINE.output_name is not None
    assert PIPELINE.output_name(spec(), ROW, "emo_vec.npy") == "emo_vec/A/1-0123456789abcdef.npy"


def test_a_clip_has_no_label_file_that_could_be_wrong() -> None:
    assert PIPELINE.check(ROW, {}) == []


def test_a_clip_of_ten_seconds_takes_most_of_its_bytes_for_its_condition() -> None:
    sizes = {
        storage: PIPELINE.predict({"ttsfiles": {"storage": storage}}, 480_000.0).output_bytes
        for storage in ("npy", "arrow", "both")
    }
    assert 33 * 1280 * 4 + 499 * 4 < sizes["arrow"] < sizes["npy"] < 175_000
    assert sizes["both"] == sizes["arrow"] + sizes["npy"]
