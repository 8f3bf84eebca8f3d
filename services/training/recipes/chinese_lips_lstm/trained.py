"""I/O: a lipreader of chinese-lips-lstm as a training has left it: weights, settings, tokenizer."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass

import yaml

from services.base.errors import BadConfig
from services.base.stage.config import config_from_mapping
from services.base.store.interface import NotThere
from services.base.store.open import open_store
from services.training.checkpoint.file import Checkpoint, load_weights
from services.training.checkpoint.reading import bytes_of, read_checkpoint
from services.training.lipreading.networks.attention_lipreader import AttentionLipreader
from services.training.lipreading.tokenizer import Tokenizer, read_tokenizer
from services.training.recipes.chinese_lips_lstm.pieces import TOKENIZER_FILE
from services.training.recipes.chinese_lips_lstm.reader import Reader, config_of_facts
from services.training.recipes.chinese_lips_lstm.spec import RECIPE, ChineseLipsConfig
from services.training.written_settings import CONFIG_FILE


@dataclass(frozen=True)
class Trained:
    """checkpoint: what the file holds; sha256: of it. config: of the network, and as the training was told."""

    checkpoint: Checkpoint
    sha256: str
    config: ChineseLipsConfig
    tokenizer: Tokenizer

    @property
    def reader(self) -> Reader:
        return Reader(self.config, self.tokenizer)

    def network(self) -> AttentionLipreader:
        """On the CPU, in eval mode. Raises BadConfig OTHER_MODEL."""
        model = self.reader.network(self.config.seed)
        load_weights(model, self.checkpoint.model)
        return model.eval()


def open_trained(file: str) -> Trained:
    """A checkpoint of ours, or of the baseline's scripts with its tokenizer.json and config.yaml beside it.

    Raises BadConfig NO_CHECKPOINT, CHECKPOINT_DAMAGED, OTHER_RECIPE, NO_TOKENIZER, BAD_TOKENIZER, BAD_SETTING.
    """
    data = bytes_of(file)
    checkpoint = read_checkpoint(file, data)
    facts, folder = checkpoint.facts, file.rpartition("/")[0] or "."
    config = _config_beside(folder)
    if facts:
        if facts.get("recipe") != RECIPE.name:
            raise BadConfig(
                "OTHER_RECIPE", f"{file} is of recipe {facts.get('recipe')!r}, not {RECIPE.name}: give another file"
            )
        config, tokenizer = config_of_facts(facts, config), Tokenizer(facts.get("vocabulary", ""))
    else:
        tokenizer = _tokenizer_beside(folder, file)
    return Trained(checkpoint, hashlib.sha256(data).hexdigest(), config, tokenizer)


def _config_beside(folder: str) -> ChineseLipsConfig:
    """Of config.yaml; the defaults where there is none. Its keys of other trainers count as far as they are ours."""
    try:
        values = yaml.safe_load(open_store(folder).read(CONFIG_FILE)) or {}
    except NotThere:
        return ChineseLipsConfig()
    known = {field.name for field in dataclasses.fields(ChineseLipsConfig)}
    try:
        return config_from_mapping(ChineseLipsConfig, {name: value for name, value in values.items() if name in known})
    except ValueError as error:
        raise BadConfig("BAD_SETTING", f"{CONFIG_FILE} in {folder}: {error}") from error


def _tokenizer_beside(folder: str, file: str) -> Tokenizer:
    try:
        return read_tokenizer(open_store(folder).read(TOKENIZER_FILE))
    except NotThere as error:
        raise BadConfig(
            "NO_TOKENIZER", f"{file} does not say what its characters are: put its {TOKENIZER_FILE} beside it"
        ) from error
