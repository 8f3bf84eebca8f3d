"""Which TFRecord file a clip's record is in, and what such a file holds."""

from pathlib import Path

import pytest

from orchestrator.pipelines.face_records.files import file_of, judges_clips, payloads
from services.base.errors import BadInput
from services.base.run.manifest import ClipRow
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.open import open_store
from services.formats.tfrecord import write_record


def spec(**config: str) -> RunSpec:
    return RunSpec("r", "any", "d" * 64, (PinnedStage("records", config=config),), "in", "out", 12, 1, "c" * 64, {})


def test_a_clip_is_in_the_file_of_its_split_and_shard() -> None:
    row = ClipRow("k", "k", "s", "k.mp4", "val", 7, 0, 0, 1, "1")
    assert file_of(spec(), row) == "val-00007-of-00012.tfrecord"


def test_payloads_come_with_their_places_and_a_torn_file_is_told(tmp_path: Path) -> None:
    with (tmp_path / "a.tfrecord").open("wb") as file:
        for payload in (b"one", b"two"):
            write_record(file, payload)
    assert list(payloads(open_store(str(tmp_path)), "a.tfrecord")) == [(0, b"one"), (1, b"two")]
    whole = (tmp_path / "a.tfrecord").read_bytes()
    (tmp_path / "a.tfrecord").write_bytes(whole[:-1])
    with pytest.raises(BadInput):
        list(payloads(open_store(str(tmp_path)), "a.tfrecord"))


@pytest.mark.parametrize(("policy", "judges"), [("keep", False), ("flag", True), ("quarantine", True)])
def test_clips_are_compared_unless_all_are_kept(policy: str, judges: bool) -> None:
    assert judges_clips(spec(quality_policy=policy)) is judges
    assert not judges_clips(spec())
