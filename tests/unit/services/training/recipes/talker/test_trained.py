"""A checkpoint says what its network is, in the types of the recipe's settings."""

import pytest

pytest.importorskip("torch")

from services.base.errors import BadConfig
from services.training.checkpoint.file import Checkpoint
from services.training.checkpoint.progress import Progress
from services.training.recipes.talker.trained import Trained
from services.training.recipes.talker_unet.spec import RECIPE, UNetConfig

FACTS = {"recipe": "talker-unet", "asr": "mel", "resolution": "160", "width": "0.5", "seed": "3"}
TRAINED = Trained(RECIPE, UNetConfig, lambda *_: None)  # type: ignore[arg-type, return-value]


def test_facts_are_settings():
    config, asr_model = TRAINED.config_of(Checkpoint({}, {}, {}, Progress(), FACTS), "a.pt")
    assert (config.resolution, config.width, config.seed, asr_model) == ("160", 0.5, 3, "mel")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [({}, "OTHER_RECIPE"), ({**FACTS, "width": "wide"}, "CHECKPOINT_DAMAGED"),
     ({**FACTS, "resolution": "9"}, "BAD_SETTING")],
)  # fmt: skip
def test_what_no_network_can_be_is_refused(facts, reason):
    with pytest.raises(BadConfig, match=reason):
        TRAINED.config_of(Checkpoint({}, {}, {}, Progress(), facts), "a.pt")
