"""I/O: statements of consent: read where a training is told of them, and kept with its state. Imports no torch."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import Any

from services.base.errors import BadConfig
from services.base.store.interface import NotThere, Store
from services.base.store.open import open_store
from services.formats.talker.consent import KEPT_FILE, Consent, consent_at, consent_in, missing

TRAINING_A_HEAD = "training a head"


def today() -> datetime.date:
    """By UTC, as all machines have it."""
    return datetime.datetime.now(datetime.UTC).date()


def read_consent(path: str) -> Consent:
    """As `consent_at`, of a path or a URI."""
    return consent_at(path, _bytes_of, _names_in)


def settled_consent(config: Any, device: str) -> Mapping[str, Any]:
    """What a plan pins of a config with `consent`: the statements themselves, so that ranks anywhere have them.

    Raises as `read_consent`.
    """
    del device
    if config.consent_statements or not config.consent:
        return {}
    return {"consent_statements": read_consent(config.consent).text}


def consent_of_training(config: Any, names: Collection[str], state: Store, day: datetime.date) -> Consent:
    """That a config names, else what the same training was given before.

    names: of the persons. Raises BadConfig CONSENT_MISSING, BAD_CONSENT, and as `Consent.require`.
    """
    if config.consent_statements:
        consent = consent_in(config.consent_statements.encode(), KEPT_FILE)
    elif config.consent:
        consent = read_consent(config.consent)
    else:
        consent = _kept(state, names, day)
    consent.require(names, day)
    return consent


def _kept(state: Store, names: Collection[str], day: datetime.date) -> Consent:
    try:
        return consent_in(state.read(KEPT_FILE), KEPT_FILE)
    except NotThere:
        raise missing(TRAINING_A_HEAD, names, day) from None


def _bytes_of(file: str) -> bytes:
    folder, _, name = file.rpartition("/")
    try:
        return open_store(folder or ".", must_exist=True).read(name)
    except (NotThere, BadConfig) as error:
        raise BadConfig("NO_CONSENT_FILE", f"--consent: there is no file {file}: {error}") from error


def _names_in(folder: str) -> list[str]:
    try:
        return [entry.name for entry in open_store(folder, must_exist=True).list() if "/" not in entry.name]
    except BadConfig:
        return []
