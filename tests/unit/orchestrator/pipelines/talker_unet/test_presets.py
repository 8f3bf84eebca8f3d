"""Presets are settings that can be, for machines of a kind."""

import pytest

from orchestrator.pipelines.talker_unet.options import UNetOptions
from orchestrator.pipelines.talker_unet.presets import PRESETS


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_settings_that_can_be(name):
    made = UNetOptions(**PRESETS[name])
    assert all(getattr(made, option) == value for option, value in PRESETS[name].items())
