"""The `test` entry point: a trained network is asked whose sound is whose, beside controls that know nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from services.base.media.arrays import Float32Array
from services.training.data.talker.sync_data import Held
from services.training.recipes.talker.command_settings import TalkerTestSettings
from services.training.recipes.talker.recognised import recognised_syncnet
from services.training.recipes.talker.trained import Trained
from services.training.recipes.talker_syncnet.pieces import embedded, new_network
from services.training.recipes.talker_syncnet.spec import RECIPE, SyncNetConfig
from services.training.talker.contrast import ScaledSyncNet
from services.training.talker.sync_report import LATE_FRAMES, SyncTest, facts_of, lines_of
from services.training.talker.sync_scores import SyncCounts, counts_by_second, counts_of, likenesses

TRAINED = Trained(RECIPE, SyncNetConfig, new_network, recognised_syncnet)


def test_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    return TRAINED.test(argv, __doc__, _found, TalkerTestSettings)


def _found(
    _: SyncNetConfig, model: ScaledSyncNet, held: Sequence[Held], settings: TalkerTestSettings
) -> tuple[Mapping[str, Any], Sequence[str]]:
    found = measured(model, held, settings.seed)
    return facts_of(found), lines_of(found)


def measured(model: torch.nn.Module, held: Sequence[Held], seed: int) -> SyncTest:
    """held: of each person, what is asked about. The model is in eval mode."""
    random = np.random.default_rng(seed)
    vectors = [embedded(model, one.person, one.frames) for one in held]
    own, permuted, other, late = [], [], [], []
    own_seconds: list[SyncCounts] = []
    permuted_seconds: list[SyncCounts] = []
    for i, (one, (faces_ND, sounds_TD)) in enumerate(zip(held, vectors, strict=True)):
        own.append(_counted(one, faces_ND, sounds_TD))
        mixed_TD = sounds_TD[random.permutation(len(sounds_TD))]
        permuted.append(_counted(one, faces_ND, mixed_TD))
        if len(held) == 1:
            own_seconds, permuted_seconds = (_by_second(one, faces_ND, some) for some in (sounds_TD, mixed_TD))
        other.append(_counted(one, faces_ND, vectors[(i + 1) % len(vectors)][1]))
        late.append(_counted(one, faces_ND, np.roll(sounds_TD, LATE_FRAMES, axis=0)))
    return SyncTest(
        tuple(one.person.name for one in held),
        tuple(own),
        tuple(permuted),
        tuple(other) if len(held) > 1 else None,
        tuple(late),
        seed,
        tuple(own_seconds),
        tuple(permuted_seconds),
    )


def _counted(held: Held, faces_ND: Float32Array, sounds_TD: Float32Array) -> SyncCounts:
    return counts_of(likenesses(faces_ND, sounds_TD, held.frames), held.person.voiced_N[list(held.frames)])


def _by_second(held: Held, faces_ND: Float32Array, sounds_TD: Float32Array) -> list[SyncCounts]:
    likeness_NS = likenesses(faces_ND, sounds_TD, held.frames)
    return counts_by_second(likeness_NS, held.person.voiced_N[list(held.frames)], held.frames)
