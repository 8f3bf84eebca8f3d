"""What the test of chinese-lips-conformer, and reading a clip with it, may be told. Inert: flags are made from it
without torch.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.base.stage.fields import option
from services.lips.bundle import AS_THE_BUNDLE_SAYS
from services.lips.language_model.settings import LanguageModelSettings
from services.training.recipes.chinese_lips_conformer.spec import ConformerConfig
from services.training.recipes.exported import InferSettings
from services.training.recipes.lips.command_settings import LipsTestSettings

_MODEL, _USUAL = "lipreader", ConformerConfig()


@dataclass(frozen=True)
class ConformerTestSettings(LanguageModelSettings, LipsTestSettings):
    """Of a test. Raises ValueError for what cannot be."""

    beam_width: int = option(
        _USUAL.beam_width, "prefixes that are kept; 1: the likeliest class at each step", group=_MODEL
    )
    rescoring: float = option(
        _USUAL.rescoring, "share of the decoder in the score of these; 0: CTC alone chooses among them", group=_MODEL
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.beam_width < 1 or not 0 <= self.rescoring <= 1:
            raise ValueError(f"beam_width {self.beam_width} is 1 or more, and rescoring {self.rescoring} from 0 to 1")
        self.check_lm(self.beam_width)


@dataclass(frozen=True)
class ConformerInferSettings(InferSettings):
    """Of reading a clip. Raises ValueError for what cannot be."""

    rescoring: float = option(
        AS_THE_BUNDLE_SAYS,
        "share of the decoder in the score of these; 0: CTC alone chooses; -1: as the bundle says",
        group=_MODEL,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.rescoring == AS_THE_BUNDLE_SAYS or 0 <= self.rescoring <= 1):
            raise ValueError(f"rescoring is {self.rescoring}: give 0 to 1, or -1 for what the bundle says")
        if self.server and self.rescoring != AS_THE_BUNDLE_SAYS:
            raise ValueError("--rescoring is the server's own: give it to `lipreading serve`")
