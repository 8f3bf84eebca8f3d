"""The entry of the network in the table: what it takes and gives, and whose file is looked for."""

import pytest

from services.base.errors import BadConfig
from services.features.models import weights_of
from services.features.networks import network_named
from services.features.spec import FeaturesConfig


def test_it_takes_a_fifth_of_a_second_and_gives_512_values() -> None:
    assert network_named("ave").about == "float32 mel [N,1,80,16] -> float32 vectors [N,512]"
    assert not network_named("ave").takes_sequences


def test_a_file_that_is_not_there_is_asked_for_by_its_own_flag() -> None:
    with pytest.raises(BadConfig, match=r"--asr-weights 'audio_encoder\.pth' is no file.*SyncTalk_2D's audio encoder"):
        weights_of(FeaturesConfig(model="ave", weights="audio_encoder.pth"))
