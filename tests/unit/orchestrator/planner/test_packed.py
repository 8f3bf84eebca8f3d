"""Files of many clips in an output that is to be taken over."""

import pytest

from orchestrator.pipelines.tts.roots.adoption import ADOPTION
from orchestrator.planner.packed import refuse_packed
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.open import open_store

SPEC = RunSpec("r", "tts", "digest", (PinnedStage("text"),), "/in", "/out", 1, 1, "0" * 64, {})


def test_arrow_files_are_not_taken_over_and_what_to_do_is_said(tmp_path):
    outputs = open_store(str(tmp_path))
    refuse_packed(ADOPTION, str(tmp_path), SPEC)
    outputs.put("features/00000-of-00002.arrow", b"")
    with pytest.raises(BadConfig) as refused:
        refuse_packed(ADOPTION, str(tmp_path), SPEC)
    assert refused.value.reason == "PACKED_OUTPUT"
    for part in ("features/00000-of-00002.arrow", "--skip-existing", f"visemill unpack tts --output-dir {outputs.uri}"):
        assert part in refused.value.message
    outputs.put(paths.CLAIM, b'{"run": "r", "digest": "digest"}')
    refuse_packed(ADOPTION, str(tmp_path), SPEC)
