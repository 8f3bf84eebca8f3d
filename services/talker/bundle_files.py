"""I/O: the bundle of a head in a folder: its card, and that its network is what the card says."""

from __future__ import annotations

import datetime
from pathlib import Path

from services.base.errors import BadConfig
from services.base.worker.fingerprint import remembered_sha256
from services.formats.talker.consent import KEPT_FILE, Consent, consent_at, missing
from services.formats.talker.head import CARD_FILE, MODEL_FILE, HeadCard, card_of
from services.talker.spec import HeadConfig


def models_of(config: HeadConfig) -> dict[str, str]:
    """The recipe's name -> its network by digest. Raises BadConfig as `checked_card`."""
    card = checked_card(Path(config.bundle))
    return {card.recipe: served_weights(card)}


def served_weights(card: HeadCard) -> str:
    """What a model server knows the network by."""
    return f"sha256:{card.digests['model']}"


def checked_card(folder: Path) -> HeadCard:
    """The card, once the network is what it says. Raises BadConfig BUNDLE_MISSING, BUNDLE_DAMAGED."""
    try:
        data = (folder / CARD_FILE).read_bytes()
        found = remembered_sha256(folder / MODEL_FILE)
    except OSError as error:
        raise BadConfig(
            "BUNDLE_MISSING",
            f"{error.filename or folder} cannot be read ({error.strerror}): give a folder that "
            "`visemill export talker-unet --bundle` wrote",
        ) from error
    card = card_of(data)
    if found != card.digests["model"]:
        raise BadConfig(
            "BUNDLE_DAMAGED",
            f"{folder / MODEL_FILE} has sha256 {found[:16]}…, and {CARD_FILE} says {card.digests['model'][:16]}…: "
            "export the bundle again",
        )
    return card


def consent_of(given: str, bundle: Path, name: str) -> Consent:
    """Of the person who is to speak: that is given, else that the bundle holds. Raises BadConfig CONSENT_MISSING,
    NO_CONSENT_FILE, BAD_CONSENT, and as `Consent.require`.
    """
    today = datetime.datetime.now(datetime.UTC).date()
    kept = bundle / KEPT_FILE
    if not given and not kept.is_file():
        raise missing("a head that speaks", [name], today)
    try:
        consent = consent_at(given or str(kept), lambda file: Path(file).read_bytes(), _names_in)
    except OSError as error:
        raise BadConfig(
            "NO_CONSENT_FILE", f"--consent {given} cannot be read ({error.strerror}): give a file"
        ) from error
    consent.require([name], today)
    return consent


def _names_in(folder: str) -> list[str]:
    return [path.name for path in Path(folder).iterdir() if path.is_file()] if Path(folder).is_dir() else []
