"""I/O: a lipreader on Chinese-LiPS as a training has left it: weights, settings, tokenizer."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Any

import yaml
from torch import nn

from services.base.errors import BadConfig
from services.base.stage.config import config_from_mapping
from services.base.store.interface import NotThere
from services.base.store.open import open_store
from services.training.checkpoint.content import bytes_of
from services.training.checkpoint.file import Checkpoint, load_weights
from services.training.checkpoint.reading import read_checkpoint
from services.training.lipreading.tokenizer import Tokenizer, read_tokenizer
from services.training.recipes.lips.kind import TOKENIZER_FILE, LipsKind, LipsReader
from services.training.written_settings import CONFIG_FILE


@dataclass(frozen=True)
class Trained:
    """checkpoint: what the file holds; sha256: of it. config: of the network, and as the training was told."""

    kind: LipsKind
    checkpoint: Checkpoint
    sha256: str
    config: Any
    tokenizer: Tokenizer

    @property
    def reader(self) -> LipsReader:
        return self.kind.reader(self.config, self.tokenizer)

    def network(self) -> nn.Module:
        """On the CPU, in eval mode. Raises BadConfig OTHER_NETWORK."""
        model = self.reader.network(self.config.seed)
        load_weights(model, self.checkpoint.model)
        return model.eval()


def open_trained(kind: LipsKind, file: str) -> Trained:
    """A checkpoint of ours, or of the baseline's scripts with its tokenizer.json and config.yaml beside it.

    Raises BadConfig NO_CHECKPOINT, CHECKPOINT_DAMAGED, OTHER_RECIPE, NO_TOKENIZER, BAD_TOKENIZER, BAD_SETTING.
    """
    data = bytes_of(file)
    return trained_of(kind, file, read_checkpoint(file, data), hashlib.sha256(data).hexdigest())


def trained_of(kind: LipsKind, file: str, checkpoint: Checkpoint, sha256: str) -> Trained:
    """As `open_trained`, of a file that was read. sha256: of it."""
    facts, folder = checkpoint.facts, file.rpartition("/")[0] or "."
    config = _config_beside(kind, folder)
    if facts:
        if facts.get("recipe") != kind.recipe.name:
            raise BadConfig(
                "OTHER_RECIPE",
                f"{file} is of recipe {facts.get('recipe')!r}, not {kind.recipe.name}: give another file",
            )
        config, tokenizer = kind.config_of_facts(facts, config), Tokenizer(facts.get("vocabulary", ""))
    else:
        tokenizer = _tokenizer_beside(folder, file)
    return Trained(kind, checkpoint, sha256, config, tokenizer)


def _config_beside(kind: LipsKind, folder: str) -> Any:
    """Of config.yaml; the defaults where there is none. Its keys of other trainers count as far as they are ours."""
    config: type = kind.recipe.config
    try:
        values = yaml.safe_load(open_store(folder).read(CONFIG_FILE)) or {}
    except NotThere:
        return config()
    known = {field.name for field in dataclasses.fields(config)}
    try:
        return config_from_mapping(config, {name: value for name, value in values.items() if name in known})
    except ValueError as error:
        raise BadConfig("BAD_SETTING", f"{CONFIG_FILE} in {folder}: {error}") from error


def _tokenizer_beside(folder: str, file: str) -> Tokenizer:
    try:
        return read_tokenizer(open_store(folder).read(TOKENIZER_FILE))
    except NotThere as error:
        raise BadConfig(
            "NO_TOKENIZER", f"{file} does not say what its characters are: put its {TOKENIZER_FILE} beside it"
        ) from error
