"""A training is a run of one gang pass, of files that are there."""

from orchestrator.pipelines.grid_ctc.pipeline import PIPELINE
from orchestrator.pipelines.training.pipeline import files_as_rows
from services.base.store.interface import Entry


def test_files_stand_in_their_order_with_size_and_version() -> None:
    rows = list(files_as_rows([(Entry("b", 2, "v2"), "val"), (Entry("a", 1, "v1"), "train")]).rows)
    assert [(row.media, row.split, row.size_bytes, row.version, row.position) for row in rows] == [
        ("b", "val", 2, "v2", 0),
        ("a", "train", 1, "v1", 1),
    ]


def test_its_flags_and_needs_are_those_of_a_training() -> None:
    assert (PIPELINE.root_flag, PIPELINE.extra, PIPELINE.product) == ("--data-root", "train", "weights")
    assert PIPELINE.output_flag is not None
    assert (PIPELINE.output_flag.flag, PIPELINE.output_flag.default) == ("--checkpoint-dir", "checkpoints")
    assert PIPELINE.needs is not None
    assert [need.name for need in PIPELINE.needs(None)] == ["training", "scores"]
