"""Features of a sound that comes in pieces, by the stage that makes them, which is named and not imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, Int16Array
from services.base.stage.config import config_from_mapping
from services.base.stage.spec import ByName
from services.formats.talker.head import HeadCard

_CONFIG = ByName("services.features.talker.spec:AudioFeaturesConfig")
_OPEN = ByName("services.features.talker.streaming:open_streamed")
_STREAMED = ("ave", "mel")

StreamedRows = Callable[[Iterable[Int16Array], float], Iterator[Float32Array]]
"""As services.features.talker.streaming has it."""


def open_rows(card: HeadCard, settings: Mapping[str, Any]) -> StreamedRows:
    """Of the model that a head hears by. settings: of the stage audiofeatures, for one that has weights. Raises
    BadConfig NOT_STREAMED, and as the settings and the model do.
    """
    require_streamed(card)
    own = settings if card.asr == "ave" else {}
    rows: StreamedRows = _OPEN(config_from_mapping(_CONFIG.resolve(), {**own, "model": card.asr}))
    return rows


def require_streamed(card: HeadCard) -> None:
    """Raises BadConfig NOT_STREAMED for a head that needs the whole sound."""
    if card.asr not in _STREAMED:
        raise BadConfig(
            "NOT_STREAMED",
            f"the head hears {card.asr}, which is made of whole sounds: let `visemill infer talker` speak a file with "
            "it, or take a head that hears ave or mel",
        )
