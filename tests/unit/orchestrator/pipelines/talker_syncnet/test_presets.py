"""Presets are settings that can be, for machines of a kind."""

import pytest

from orchestrator.pipelines.talker_syncnet.options import SyncNetOptions
from orchestrator.pipelines.talker_syncnet.presets import PRESETS


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_settings_that_can_be(name):
    made = SyncNetOptions(**PRESETS[name])
    assert all(getattr(made, option) == value for option, value in PRESETS[name].items())
