"""I/O: a bundle as it lies on disk: its card and its alphabet, each what the card says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.base.errors import BadConfig
from services.base.worker.fingerprint import remembered_sha256
from services.lipreading.language_model import lm_digests
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import CARD_FILE, TOKENIZER_FILE, BundleCard, card_of, characters_of, tokens_of


@dataclass(frozen=True)
class Bundle:
    """All of it but the networks. characters: of CTC class by class, the blank behind them; of attention by their ids,
    marks among them.
    """

    card: BundleCard
    characters: Sequence[str]


def models_of(config: LipreadingConfig) -> dict[str, str]:
    """The recipe's name -> the network and the alphabet, by digest; `lm` -> the language model, where there is one.
    Raises BadConfig as `checked_card` and `lm_digests`.
    """
    card = card_for(config)
    networks = " ".join([served_weights(card), *([card.digests["decoder"]] if card.kind == "attention" else [])])
    return {card.recipe: f"{networks} {card.digests['tokenizer']}", **lm_digests(config)}


def served_weights(card: BundleCard) -> str:
    """What a model server knows the network by."""
    return f"sha256:{card.digests['model']}"


def card_for(config: LipreadingConfig) -> BundleCard:
    """Of the config's bundle, whose network may be missing here where a server has it. Raises as `checked_card`."""
    return checked_card(Path(config.bundle), with_network=config.backend != "triton")


def checked_card(folder: Path, *, with_network: bool = True) -> BundleCard:
    """The card, once the files are what it says. Raises BadConfig BUNDLE_MISSING, BUNDLE_DAMAGED."""
    card = card_of(_read(folder, CARD_FILE))
    for name, file in card.files.items():
        if name == "model" and not with_network:
            continue
        try:
            found = remembered_sha256(folder / file)
        except OSError as error:
            raise BadConfig(
                "BUNDLE_DAMAGED", f"{folder / file} cannot be read ({error.strerror}): export the bundle again"
            ) from error
        if found != card.digests[name]:
            raise BadConfig(
                "BUNDLE_DAMAGED",
                f"{folder / file} has sha256 {found[:16]}…, and {CARD_FILE} says {card.digests[name][:16]}…: export "
                "the bundle again",
            )
    return card


def open_bundle(config: LipreadingConfig) -> Bundle:
    """Raises BadConfig as `checked_card`."""
    card, tokenizer = card_for(config), _read(Path(config.bundle), TOKENIZER_FILE)
    return Bundle(card, tokens_of(tokenizer) if card.kind == "attention" else characters_of(tokenizer))


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise BadConfig(
            "BUNDLE_MISSING",
            f"{folder / name} cannot be read ({error.strerror}): give a folder that `visemill export` wrote",
        ) from error
