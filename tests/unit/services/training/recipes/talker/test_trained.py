"""A checkpoint says what its network is, in the types of the recipe's settings."""

import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.checkpoint.file import Checkpoint  # noqa: E402
from services.training.checkpoint.progress import Progress  # noqa: E402
from services.training.recipes.talker.recognised import recognised_unet  # noqa: E402
from services.training.recipes.talker.trained import Trained, named_as  # noqa: E402
from services.training.recipes.talker_unet.spec import RECIPE, UNetConfig  # noqa: E402
from services.training.talker.networks.unet import UNet  # noqa: E402

FACTS = {"recipe": "talker-unet", "asr": "mel", "resolution": "160", "width": "0.5", "seed": "3"}
TRAINED = Trained(RECIPE, UNetConfig, lambda *_: None, recognised_unet)  # type: ignore[arg-type, return-value]


def test_facts_are_settings():
    config, asr_model = TRAINED.config_of(Checkpoint({}, {}, {}, Progress(), FACTS), "a.pt")
    assert (config.resolution, config.width, config.seed, asr_model) == ("160", 0.5, 3, "mel")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [({}, "OTHER_NETWORK"), ({**FACTS, "recipe": "grid-ctc"}, "OTHER_RECIPE"),
     ({**FACTS, "width": "wide"}, "CHECKPOINT_DAMAGED"),
     ({**FACTS, "resolution": "9"}, "BAD_SETTING")],
)  # fmt: skip
def test_what_no_network_can_be_is_refused(facts, reason):
    with pytest.raises(BadConfig, match=reason):
        TRAINED.config_of(Checkpoint({}, {}, {}, Progress(), facts), "a.pt")


@pytest.mark.parametrize(("asked", "reason"), [(("ave", ""), "OTHER_ASR"), (("mel", "328"), "OTHER_RESOLUTION")])
def test_a_file_of_other_features_or_another_size_than_is_asked_for_is_refused(asked, reason):
    checkpoint = Checkpoint({}, {}, {}, Progress(), FACTS)
    assert TRAINED.config_of(checkpoint, "a.pt", "mel", "160")[1] == "mel"
    with pytest.raises(BadConfig, match=reason):
        TRAINED.config_of(checkpoint, "a.pt", *asked)


def test_weights_alone_are_recognised():
    weights = UNet("wenet", 160, 0.25).state_dict()
    config, asr_model = TRAINED.config_of(Checkpoint(weights, {}, {}, Progress(), {}), "24.pth")
    assert (config.resolution, config.width, asr_model) == ("160", 0.25, "wenet")


def test_weights_of_the_originals_files_are_named_as_ours():
    model = torch.nn.Module()
    model.network, model.log_scale = torch.nn.Linear(2, 2), torch.nn.Parameter(torch.ones(()))
    theirs = {"weight": torch.zeros(2, 2), "bias": torch.zeros(2)}
    found = named_as(model, theirs)
    assert set(found) == {"network.weight", "network.bias", "log_scale"} and found["network.weight"] is theirs["weight"]
    assert named_as(model, model.state_dict()).keys() == model.state_dict().keys()
    assert named_as(model.network, theirs) is theirs
