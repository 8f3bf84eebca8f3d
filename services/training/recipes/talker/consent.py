"""I/O: the consent of a training of a head: asked for once, and kept with its state and its checkpoints."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from services.base.run.paths import STATE_DIR
from services.base.store.open import join_uri, open_store
from services.base.worker.rank import Rank
from services.formats.talker.consent import KEPT_FILE, Consent
from services.training.data.talker.consent import consent_of_training, today
from services.training.interfaces import Pieces
from services.training.recipes.talker.spec import HeadTrainSettings


def consent_of_rank(config: HeadTrainSettings, names: Collection[str], rank: Rank) -> Consent:
    """Of the persons of these names; rank 0 keeps it for the next call.

    Raises as `consent_of_training`.
    """
    state = open_store(join_uri(rank.spec.output_root, STATE_DIR))
    consent = consent_of_training(config, names, state, today())
    if rank.place.rank == 0:
        state.put(KEPT_FILE, consent.text.encode())
    return consent


def with_consent(pieces: Pieces, consent: Consent) -> Pieces:
    """Whose checkpoints carry it, and beside whose weights it lies. It changes no number of the training."""
    return dataclasses.replace(
        pieces,
        carried={**pieces.carried, **consent.facts()},
        files={**pieces.files, KEPT_FILE: consent.text.encode()},
    )
