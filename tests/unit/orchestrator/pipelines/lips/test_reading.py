"""Lines of the tables with their videos: of faces or of mouths, each clip once, the others with reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lips_data import LipsExample, table_file

from orchestrator.pipelines.base import DataSet, Inputs
from orchestrator.pipelines.lips.options import LipsOptions
from orchestrator.pipelines.lips.reading import count, read
from services.base.errors import BadConfig
from services.base.store.interface import Entry

TRAIN = [LipsExample("1_20_M_KJ_001", "我们"), LipsExample("1_20_M_LY_002", "他们", "LY")]
TEST = [LipsExample("2_20_M_KJ_001", "老师")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "meta_train.csv").write_text(table_file([one.row() for one in TRAIN]), encoding="utf-8")
    (tmp_path / "meta_test.csv").write_text(table_file([one.row() for one in TEST]), encoding="utf-8")
    return tmp_path


def face(key: str) -> str:
    return f"{key.rpartition('_')[0]}/FACE/{key}_FACE.mp4"


def mouth(split: str, key: str) -> str:
    return f"processed_{split}/x/{key}_FACE.mp4"


def inputs(root: Path, *names: str) -> Inputs:
    listed = ["meta_train.csv", "meta_test.csv", *names]
    return Inputs([Entry(name, 10, "v") for name in listed], str(root))


def opened(root: Path, *names: str, **settings: Any) -> DataSet:
    return read(inputs(root, *names), LipsOptions(accept_licence=True, num_shards=2, **settings))


BOTH = (
    [face(one.key) for one in TRAIN + TEST] + [mouth("train", one.key) for one in TRAIN] + [mouth("test", TEST[0].key)]
)


@pytest.mark.parametrize(("source", "media"), [("face", BOTH[:3]), ("processed", BOTH[3:])])
def test_each_line_has_the_video_that_was_asked_for(root: Path, source: str, media: list[str]) -> None:
    found = opened(root, *BOTH, source=source)
    rows = sorted(found.rows, key=lambda row: row.idx)
    assert [row.media for row in rows] == media
    assert [(row.key, row.split, row.speaker_id) for row in rows] == [
        ("1_20_M_KJ_001", "train", "1"),
        ("1_20_M_LY_002", "train", "1"),
        ("2_20_M_KJ_001", "test", "2"),
    ]
    assert [row.attributes.text for row in rows] == ["我们", "他们", "老师"]
    assert [found.details["topics"][row.attributes.category] for row in rows] == ["KJ", "LY", "KJ"]
    assert found.problems == ()
    assert count(inputs(root, *BOTH), LipsOptions(max_examples=2)) == 2


def test_lines_without_a_video_and_ids_of_two_tables_have_reasons(root: Path) -> None:
    (root / "meta_test.csv").write_text(table_file([TRAIN[0].row(), TEST[0].row()]), encoding="utf-8")
    found = opened(root, *BOTH[:2])
    assert [(p.reason, p.key, p.line) for p in found.problems] == [
        ("VIDEO_MISSING", "2_20_M_KJ_001", 3),
        ("BAD_ID", "1_20_M_KJ_001", 2),
    ]
    assert len(found.rows) == 2


def test_without_tables_or_videos_it_is_said_what_to_do(root: Path) -> None:
    with pytest.raises(BadConfig, match="--source processed"):
        opened(root, *BOTH[3:])
    with pytest.raises(BadConfig, match=r"unpack train\.zip"):
        opened(root, "train.zip")
    with pytest.raises(BadConfig, match="none of meta_train"):
        read(Inputs([Entry("a.mp4", 1, "v")], str(root)), LipsOptions(accept_licence=True))


def test_the_licence_is_asked_but_of_data_that_were_drawn(root: Path) -> None:
    with pytest.raises(BadConfig, match="LICENCE_NOT_ATTESTED"):
        read(inputs(root, *BOTH), LipsOptions())
    assert not read(inputs(root, *BOTH, "demo-corpus.json"), LipsOptions()).details["is_licensed"]
    (root / ".visemill").mkdir()
    (root / ".visemill/licence.json").write_text("{}")
    assert read(inputs(root, *BOTH), LipsOptions()).details["is_licensed"]


def test_tables_may_lie_below_a_further_root(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = str(tmp_path_factory.mktemp("videos"))
    both = Inputs(inputs(root, *BOTH).entries, other, further_roots=(str(root),))
    assert len(read(both, LipsOptions(accept_licence=True)).rows) == 3
