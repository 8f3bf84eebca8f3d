"""I/O: a network that was trained on persons' folders, by its file: what it is, and how it is tested."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import torch

from services.base.errors import EXIT_OK, BadConfig
from services.base.process import log
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping
from services.base.stage.recipe import RecipeSpec
from services.training.checkpoint.content import bytes_of
from services.training.checkpoint.file import Checkpoint, load_weights
from services.training.checkpoint.reading import read_checkpoint
from services.training.data.talker.opening import open_persons
from services.training.data.talker.sync_data import Held, split_of
from services.training.device import device_of
from services.training.recipes.talker.command_settings import TalkerTestSettings
from services.training.recipes.talker.notes import notes_of
from services.training.recipes.talker.recognised import Recognised, asr_of, check_weights, resolution_of
from services.training.recipes.talker.spec import TalkerTrainSettings

_WITHIN = "network."
_TOLD = ("resolution", "width", "seed")

Config = TypeVar("Config", bound=TalkerTrainSettings)
Network = TypeVar("Network", bound=torch.nn.Module)
Asked = TypeVar("Asked", bound=TalkerTestSettings)


class Trained(Generic[Config, Network]):
    """What a recipe's checkpoints are of. network: (settings, model of the features, seed) -> with weights of the seed.
    recognise: (weights, file) -> what they are of, of a file of the original's code, which does not say it. told:
    settings of the recipe's own that its checkpoints carry among their facts.
    """

    def __init__(
        self,
        recipe: RecipeSpec,
        config: type[Config],
        network: Callable[[Config, str, int], Network],
        recognise: Callable[[Mapping[str, torch.Tensor], str], Recognised],
        *told: str,
    ) -> None:
        self._recipe, self._config, self._network, self._told = recipe, config, network, (*_TOLD, *told)
        self._recognise = recognise

    def config_of(self, checkpoint: Checkpoint, path: str, asr: str = "", resolution: str = "") -> tuple[Config, str]:
        """(settings of the network and of what it held out, model of the features). asr, resolution: what the file
        should be of; empty: anything.

        Raises BadConfig OTHER_RECIPE, CHECKPOINT_DAMAGED, NO_ASR, OTHER_ASR, OTHER_RESOLUTION, OTHER_NETWORK.
        """
        facts, name = checkpoint.facts, self._recipe.name
        if not facts:
            found = self._recognise(checkpoint.model, path)
            asr_model = asr_of(found, asr, path)
            plain = {"resolution": resolution_of(found, resolution, path), "width": found.width}
            return config_from_mapping(self._config, plain), asr_model
        if facts.get("recipe") != name:
            raise BadConfig(
                "OTHER_RECIPE", f"{path} is of recipe {facts.get('recipe')!r}, not {name}: give another file"
            )
        for fact, reason, wanted in (("asr", "OTHER_ASR", asr), ("resolution", "OTHER_RESOLUTION", resolution)):
            if wanted and facts.get(fact) != wanted:
                raise BadConfig(
                    reason,
                    f"{path} is of {fact} {facts.get(fact)!r}, not {wanted!r}: give another, or leave --{fact} out",
                )
        defaults = self._config()
        try:
            values = {told: type(getattr(defaults, told))(facts[told]) for told in self._told}
            return config_from_mapping(self._config, values), facts["asr"]
        except (KeyError, ValueError) as error:
            raise BadConfig("CHECKPOINT_DAMAGED", f"{path} does not say what it was made with: {error!r}") from error

    def test(
        self,
        argv: Sequence[str],
        about: str | None,
        found: Callable[[Config, Network, Sequence[Held], Asked], tuple[Mapping[str, Any], Sequence[str]]],
        asked: type[Asked],
    ) -> int:
        """The `test` entry point. found: (settings of the network, itself in eval mode on its device, what it is asked
        about, what the command was told) -> (facts, lines for people). asked: what the command may be told. Returns the
        exit code. Raises VisemillError.
        """
        parser = argparse.ArgumentParser(prog=f"python -m services {self._recipe.name} test", description=about)
        add_config_flags(parser, asked)
        parser.add_argument("--json", action="store_true", help="print one JSON object, with the lines as its `text`")
        flags = parser.parse_args(argv)
        settings: Asked = config_from_flags(asked, flags)
        if not flags.json:
            log.setup()
        checkpoint = read_checkpoint(settings.file, bytes_of(settings.file))
        config, asr_model = self.config_of(checkpoint, settings.file, settings.asr, settings.resolution)
        model = self._network(config, asr_model, config.seed)
        weights = named_as(model, checkpoint.model)
        # Before crops are made of the persons.
        check_weights(model.state_dict(), weights, settings.file)
        persons, fps = open_persons(settings.data_root, settings.chosen_names, asr_model, config.crop_px)
        held = split_of(persons, config.seed).held
        if settings.whole:
            held = [Held(person, tuple(person.frames(range(person.num_frames)))) for person in persons]
        load_weights(model, weights)
        with torch.inference_mode():
            facts, lines = found(config, model.to(device_of("auto")).eval(), held, settings)
        # Of other persons nothing was learnt.
        text = "\n".join([*lines, *([] if settings.whole else notes_of(persons, fps))])
        sys.stdout.write((json.dumps({**facts, "text": text}) if flags.json else text) + "\n")
        return EXIT_OK


def named_as(model: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    """Weights of a file of the original's scripts, which has those of the network within alone."""
    own = model.state_dict()
    if own.keys() == weights.keys() or not any(name.startswith(_WITHIN) for name in own):
        return weights
    beside = {name: value for name, value in own.items() if not name.startswith(_WITHIN)}
    return beside | {name if name in own else f"{_WITHIN}{name}": value for name, value in weights.items()}
