"""A recipe says of itself what a stage does, so that a run pins it in the same way."""

from dataclasses import dataclass

from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import ByName, Fingerprint
from services.base.worker.fingerprint import identity_of


@dataclass(frozen=True)
class Config:
    lr: float = 0.1
    log_every: int = 50
    device: str = "auto"


RECIPE = RecipeSpec(
    "toy",
    3,
    Config,
    ByName("nowhere:train"),
    libraries=("numpy",),
    fingerprint=lambda config: Fingerprint({"lr": config.lr, "device": config.device}),
    settled=lambda config, device: {"device": device or "cpu"},
    models=lambda config: {"vgg": "a" * 64},
)


def test_its_identity_is_made_without_importing_what_trains():
    found = identity_of(RECIPE, Config()).to_dict()
    assert (found["name"], found["version"], found["models"]) == ("toy", 3, {"vgg": "a" * 64})
    assert found["run_config"] == {"lr": 0.1, "device": "cpu"}
    assert found["settled"] == {"device": "cpu"}
    assert set(found["libraries"]) == {"numpy"}
    assert identity_of(RECIPE, Config(), "cuda").settled == {"device": "cuda"}
