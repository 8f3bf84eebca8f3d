"""What an output holds before a run: whether there is something to take over, and what stays as it is."""

from orchestrator.pipelines.tts.roots.adoption import ADOPTION
from orchestrator.planner.adopting import has_to_adopt, left_alone
from services.base.run import paths
from services.base.run.manifest import ClipRow, ClipTable
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.open import open_store

SPEC = RunSpec("r", "tts", "digest", (PinnedStage("text"),), "/in", "/out", 1, 1, "0" * 64, {})


def test_what_is_there_is_taken_over_unless_it_is_this_very_runs(tmp_path):
    outputs = open_store(str(tmp_path))
    assert not has_to_adopt(ADOPTION, str(tmp_path), SPEC)
    outputs.put("README.md", b"")
    assert not has_to_adopt(ADOPTION, str(tmp_path), SPEC)
    outputs.put("codes/a.npy", b"")
    assert has_to_adopt(ADOPTION, str(tmp_path), SPEC)
    outputs.put(paths.CLAIM, b'{"run": "r", "digest": "digest"}')
    assert not has_to_adopt(ADOPTION, str(tmp_path), SPEC)
    outputs.put(paths.CLAIM, b'{"run": "q", "digest": "other"}')
    assert has_to_adopt(ADOPTION, str(tmp_path), SPEC)


def test_clips_that_the_data_set_does_not_name_are_told(tmp_path):
    rows = ClipTable.of_rows([ClipRow(k, k, "", f"{k}.wav", "train", 0, i, i, 1, "v") for i, k in enumerate("ab")])
    outputs = open_store(str(tmp_path))
    for name in ("text_ids/a.npy", "codes/a.npy", "codes/z.npy"):
        outputs.put(name, b"")
    assert left_alone(ADOPTION, str(tmp_path), rows) == []
    outputs.put("text_ids/s/old.npy", b"")
    outputs.put("text_ids/s/older.npy", b"")
    (note,) = left_alone(ADOPTION, str(tmp_path), rows)
    assert "2 clips that the data set does not name, the first s/old: they stay as they are" in note
