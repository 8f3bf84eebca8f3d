"""I/O: a bundle as it lies on disk: its card, its alphabet and its network, each what the card says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnxruntime

from services.base.errors import BadConfig
from services.base.worker.fingerprint import remembered_sha256
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import CARD_FILE, MODEL_FILE, TOKENIZER_FILE, BundleCard, card_of, characters_of


@dataclass(frozen=True)
class Bundle:
    """characters: class by class; the blank is behind them. session: of onnxruntime."""

    card: BundleCard
    characters: str
    session: Any


def models_of(config: LipreadingConfig) -> dict[str, str]:
    """The recipe's name -> the network and the alphabet, by digest. Raises BadConfig as `checked_card`."""
    card = checked_card(Path(config.bundle))
    return {card.recipe: f"sha256:{card.digests['model']} {card.digests['tokenizer']}"}


def checked_card(folder: Path) -> BundleCard:
    """The card, once the files are what it says. Raises BadConfig BUNDLE_MISSING, BUNDLE_DAMAGED."""
    card = card_of(_read(folder, CARD_FILE))
    for file, name in ((MODEL_FILE, "model"), (TOKENIZER_FILE, "tokenizer")):
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


def open_bundle(folder: Path) -> Bundle:
    """Raises BadConfig as `checked_card`."""
    card = checked_card(folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(folder / MODEL_FILE), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's classes have no common base but Exception
        raise BadConfig(
            "BUNDLE_DAMAGED", f"{folder / MODEL_FILE} is no network that onnxruntime loads: export it again", str(error)
        ) from error
    return Bundle(card, characters_of(_read(folder, TOKENIZER_FILE)), session)


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise BadConfig(
            "BUNDLE_MISSING",
            f"{folder / name} cannot be read ({error.strerror}): give a folder that `visemill export` wrote",
        ) from error
