"""How a text is searched for: what the settings say, else what the bundle's card does, else the usual. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.errors import BadConfig
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import BundleCard

USUAL_BEAM_WIDTH = 20


@dataclass(frozen=True)
class Search:
    """beam_width: prefixes that are kept; 1: the likeliest class at each step. rescoring: share of the decoder in the
    score of these; 0: none.
    """

    beam_width: int
    rescoring: float

    def __str__(self) -> str:
        return f"beam_width {self.beam_width} rescoring {self.rescoring:g}"


def search_of(config: LipreadingConfig, card: BundleCard) -> Search:
    """Raises BadConfig BAD_SETTING for what the bundle has no part in."""
    beam_width = config.beam_width or int(card.usual.get("beam_width", USUAL_BEAM_WIDTH))
    if config.rescoring > 0 and "rescoring" not in card.decodings:
        raise BadConfig(
            "BAD_SETTING",
            f"rescoring is {config.rescoring}, and a bundle of {card.recipe} that reads by {card.kind} has no decoder "
            "that scores texts: leave it out",
        )
    rescoring = card.usual.get("rescoring", 0.0) if config.rescoring < 0 else config.rescoring
    try:
        config.check_lm(beam_width)
    except ValueError as error:
        raise BadConfig("BAD_SETTING", str(error)) from error
    return Search(beam_width, 0.0 if beam_width == 1 else rescoring)


def networks_of(config: LipreadingConfig, card: BundleCard) -> tuple[str, ...]:
    """Those of the bundle that take part in reading. Raises BadConfig as `search_of`."""
    decodes = card.kind == "attention" or search_of(config, card).rescoring > 0
    return ("model", "decoder") if decodes else ("model",)
