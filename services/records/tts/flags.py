"""What is worth a look in a clip of speech: names for its quality facts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.base.errors import BadInput
from services.base.media.tokens import RULES_OF
from services.records.tts.spec import TtsFilesConfig

FLAGS: Mapping[str, str] = {
    "CLIPPED": "many samples are at full scale: the recording is distorted",
    "CODES_TOO_LONG": "the clip has more codes than the model's table of positions",
    "DURATION_DIFFERS": "the sound lasts longer or shorter than the manifest says",
    "LANGUAGE_DIFFERS": "the text was normalised by the rules of another language than the manifest says",
    "RANDOM_WEIGHTS": "features are of seeded random weights, not of trained networks",
    "SILENT": "most of the clip is silent",
    "SPLIT_BATCHES": "memory was short, so the clip's batch was halved",
    "TEXT_TOO_LONG": "the text has more ids than the model's table of positions",
    "UNKNOWN_TOKENS": "the tokenizer does not know some of the characters",
}
# What no trainer can take, in the order in which it is reported.
SERIOUS = ("TEXT_TOO_LONG", "CODES_TOO_LONG")
# Longer names of a language, such as "Amharic", are no codes that could be compared.
_CODE_LENGTHS = (2, 3)


def flags_of(quality: Mapping[str, Any], stated_language: str, config: TtsFilesConfig) -> tuple[str, ...]:
    """Names of FLAGS that hold for a clip, sorted. quality: its facts, where those that are left out are none."""
    found = {
        "CLIPPED": quality.get("clipped_share", 0.0) > config.max_clipped_share,
        "CODES_TOO_LONG": quality["num_codes"] > config.max_codes,
        "DURATION_DIFFERS": _duration_differs(quality.get("duration_s"), quality.get("stated_s"), config),
        "LANGUAGE_DIFFERS": _language_differs(quality.get("language", ""), stated_language),
        "RANDOM_WEIGHTS": quality.get("is_random", False),
        "SILENT": quality.get("silent_share", 0.0) > config.max_silent_share,
        "SPLIT_BATCHES": quality.get("num_splits", 0) > 0,
        "TEXT_TOO_LONG": quality["num_text_ids"] > config.max_text_tokens,
        "UNKNOWN_TOKENS": quality.get("num_unknown", 0) > 0,
    }
    return tuple(sorted(name for name, holds in found.items() if holds))


def judge(flags: tuple[str, ...], quality: Mapping[str, Any], config: TtsFilesConfig) -> tuple[str, ...]:
    """The flags, as they are.

    Raises BadInput under the quality policy `quarantine`, its reason the first serious flag in the order of SERIOUS.
    """
    serious = next((flag for flag in SERIOUS if flag in flags), None)
    if config.quality_policy == "quarantine" and serious is not None:
        counts = {
            "TEXT_TOO_LONG": f"{quality['num_text_ids']} text ids, at most {config.max_text_tokens} fit",
            "CODES_TOO_LONG": f"{quality['num_codes']} codes, at most {config.max_codes} fit",
        }
        raise BadInput(serious, f"{counts[serious]}: cut the clip, or choose the quality policy `flag` to keep it")
    return flags


def _duration_differs(measured_s: float | None, stated_s: float | None, config: TtsFilesConfig) -> bool:
    if measured_s is None or not stated_s:
        return False
    tolerance_s = max(config.duration_tolerance_s, config.duration_tolerance_share * stated_s)
    return abs(measured_s - stated_s) > tolerance_s


def _language_differs(rules: str, stated: str) -> bool:
    """rules: whose rules normalised the text. stated: the manifest's word for its language, such as am, en-US."""
    code = stated.strip().lower().replace("_", "-").partition("-")[0]
    if not rules or len(code) not in _CODE_LENGTHS:
        return False
    return RULES_OF.get(code, code) != RULES_OF.get(rules, rules)
