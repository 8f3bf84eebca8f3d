"""Tables and videos are what a run of the training is of; the licence is asked before anything begins."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.pipelines.base import Inputs
from orchestrator.pipelines.chinese_lips_lstm.options import ChineseLipsOptions
from orchestrator.pipelines.training.lips_files import count, read
from services.base.errors import BadConfig
from services.base.store.interface import Entry

NAMES = ("meta_train.csv", "processed_train/a.mp4", "notes.txt", "processed_train/b.MP4")


def inputs(*names: str, earlier: Any = list) -> Inputs:
    """With a listing as a store gives it, which may be gone through once."""
    return Inputs((Entry(name, 10, "v1") for name in names), "/data", earlier=earlier)


def options(**settings: Any) -> Any:
    return ChineseLipsOptions(data_root="/data", **settings)


def test_tables_and_videos_are_listed() -> None:
    rows = list(read(inputs(*NAMES), options(accept_licence=True)).rows)
    assert [row.media for row in rows] == ["meta_train.csv", "processed_train/a.mp4", "processed_train/b.MP4"]
    assert count(inputs(*NAMES), options()) == 3


def test_without_a_table_there_is_nothing_to_learn_from() -> None:
    with pytest.raises(BadConfig, match="NO_TRAIN_CLIPS"):
        read(inputs("processed_train/a.mp4"), options(accept_licence=True))


def test_the_licence_is_asked_but_of_data_that_were_drawn_and_of_a_training_that_goes_on() -> None:
    with pytest.raises(BadConfig, match="LICENCE_NOT_ATTESTED"):
        read(inputs(*NAMES), options())
    assert len(list(read(inputs(*NAMES, "demo-corpus.json"), options()).rows)) == 3
    assert len(list(read(inputs(*NAMES, earlier=lambda: ["a run"]), options()).rows)) == 3


def test_what_is_kept_with_the_data_set_is_not_asked_again(tmp_path: Path) -> None:
    found = Inputs([Entry(name, 10, "v1") for name in NAMES], str(tmp_path))
    with pytest.raises(BadConfig, match="LICENCE_NOT_ATTESTED"):
        read(found, options())
    (tmp_path / ".visemill").mkdir()
    (tmp_path / ".visemill/licence.json").write_text("{}")
    assert len(list(read(found, options()).rows)) == 3


@pytest.mark.parametrize(("is_licensed", "refused"), [(True, False), (False, False), (None, True)])
def test_records_say_whether_the_licence_was_accepted_for_what_they_were_made_of(
    tmp_path: Path, is_licensed: bool | None, refused: bool
) -> None:
    if is_licensed is not None:
        (tmp_path / "meta.json").write_text(json.dumps({"is_licensed": is_licensed}))
    names = ["clips.parquet", "train-00000-of-00001.tfrecord", "meta.json", "quality.jsonl"]
    found = Inputs([Entry(name, 10, "v1") for name in names], str(tmp_path))
    if refused:
        with pytest.raises(BadConfig, match="LICENCE_NOT_ATTESTED"):
            read(found, options())
    rows = read(found, options(accept_licence=True)).rows
    assert [row.media for row in rows] == ["clips.parquet", "train-00000-of-00001.tfrecord"]
