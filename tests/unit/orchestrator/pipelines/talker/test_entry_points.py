"""`visemill infer talker` asks the service, and raises what that fails with."""

from pathlib import Path

import pytest

from orchestrator.pipelines.talker.entry_points import infer
from services.base.errors import BadConfig
from services.talker.infer_options import InferOptions


def test_what_the_service_refuses_is_raised(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as found:
        infer(InferOptions(audio_path="a.wav", name="anna", dataset_dir=str(tmp_path)))
    assert found.value.reason == "NO_PERSON" and "visemill run talker --name anna" in found.value.message
