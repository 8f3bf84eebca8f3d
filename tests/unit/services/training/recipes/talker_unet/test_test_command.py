"""A checkpoint says what it was made with."""

import pytest

pytest.importorskip("torch")

from services.base.errors import BadConfig
from services.training.checkpoint.file import Checkpoint
from services.training.checkpoint.progress import Progress
from services.training.recipes.talker_unet.test_command import TRAINED

FACTS = {"recipe": "talker-unet", "asr": "mel", "resolution": "160", "width": "0.5", "seed": "3", "mouth_weight": "4"}


def checkpoint(facts: dict) -> Checkpoint:
    return Checkpoint({}, {}, {}, Progress(), facts)


def test_the_checkpoint_says_what_the_network_is():
    config, asr_model = TRAINED.config_of(checkpoint(FACTS), "best_model.pt")
    assert (config.resolution, config.width, config.mouth_weight, asr_model) == ("160", 0.5, 4.0, "mel")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [({**FACTS, "recipe": "grid-ctc"}, "OTHER_RECIPE"), ({"recipe": "talker-unet"}, "CHECKPOINT_DAMAGED")],
)
def test_a_checkpoint_of_something_else_is_refused(facts, reason):
    with pytest.raises(BadConfig, match=reason):
        TRAINED.config_of(checkpoint(facts), "best_model.pt")
