"""PURE: whose features of the sound are learnt from. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

from services.base.errors import BadConfig

_PREFERRED = "hubert"


def chosen_model(there: Mapping[str, frozenset[str]], asked: str) -> str:
    """there: the models whose features a person has, by the person's name. asked: empty: hubert where all have it, else
    the one that all have. Raises BadConfig NO_AUDIO_FEATURES.
    """
    common = frozenset.intersection(*there.values())
    if asked and asked not in common:
        lacking = next(name for name, models in there.items() if asked not in models)
        has = ", ".join(sorted(there[lacking])) or "none"
        raise BadConfig(
            "NO_AUDIO_FEATURES",
            f"{lacking} has no aud_{asked}.npy (features that it has: {has}): `visemill run talker --name "
            f"{lacking} --asr-model {asked}` adds them, or give --asr of those that are there",
        )
    if asked or _PREFERRED in common:
        return asked or _PREFERRED
    if len(common) != 1:
        has = ", ".join(f"aud_{model}.npy" for model in sorted(common)) or "none"
        raise BadConfig(
            "NO_AUDIO_FEATURES",
            f"persons have in common: {has}; one is needed, or --asr to choose: preprocess with one --asr-model",
        )
    return next(iter(common))
