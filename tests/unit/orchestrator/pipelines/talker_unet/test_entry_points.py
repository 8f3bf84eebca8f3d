"""`visemill test talker-unet` says what the service fails with."""

import pytest

from orchestrator.pipelines.talker_unet.entry_points import test as test_command
from services.base.errors import BadConfig
from services.training.recipes.talker_unet.test_settings import HeadTestSettings

test_command.__test__ = False  # type: ignore[attr-defined]


def test_without_a_checkpoint_there_is_nothing_to_test(tmp_path):
    pytest.importorskip("torch")
    with pytest.raises(BadConfig, match="NO_CHECKPOINT"):
        test_command(HeadTestSettings(checkpoint_dir=str(tmp_path), data_root=str(tmp_path)))
