"""I/O: the language model of the stage, where its config names one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from services.base.errors import BadConfig
from services.base.worker.fingerprint import sha256_of
from services.lipreading.spec import LipreadingConfig
from services.lips.language_model.arpa import arpa_of
from services.lips.language_model.fusion import Fusion


def lm_digests(config: LipreadingConfig) -> dict[str, str]:
    """`lm` -> its digest; nothing where there is none. Raises BadConfig MODEL_UNREADABLE."""
    return {"lm": f"sha256:{sha256_of(Path(config.lm), 'lm ')}"} if config.lm else {}


def open_lm(config: LipreadingConfig, characters: Sequence[str]) -> Fusion | None:
    """characters: that the bundle tells apart, class by class. Raises BadConfig MODEL_UNREADABLE,
    BAD_LANGUAGE_MODEL.
    """
    if not config.lm:
        return None
    try:
        data = Path(config.lm).read_bytes()
    except OSError as error:
        raise BadConfig("MODEL_UNREADABLE", f"lm {config.lm} cannot be read ({error.strerror})") from error
    return Fusion(arpa_of(data, config.lm), characters, config.lm_weight, config.lm_bonus)
