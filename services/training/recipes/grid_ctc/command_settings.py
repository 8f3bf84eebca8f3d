"""What the entry points `test`, `stats` and `lm` may be told. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.stage.fields import FileRef, option
from services.lips.language_model.settings import LanguageModelSettings
from services.training.recipes.estimated import CountedTexts
from services.training.recipes.tested import STATE_DIR, TestedModel

_DATA, _MODEL = "data set", "lipreader"
_RECORDS = "TFRecords of `visemill run grid`: a folder or s3://bucket/prefix"


@dataclass(frozen=True)
class TestSettings(LanguageModelSettings, TestedModel):
    """Of a test. Raises ValueError for what cannot be."""

    data_root: FileRef = option("", _RECORDS, group=_DATA, metavar="ROOT")
    allow_leak: bool = option(False, "test although clips stand in two splits", group=_DATA)
    max_bad_records: int = option(0, "records that cannot be read before nothing is tested", group=_DATA)
    beam_width: int = option(20, "prefixes that are kept; 1: the likeliest class at each step", group=_MODEL)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.data_root:
            raise ValueError("say where the records are: --data-root ROOT, the output of `visemill run grid`")
        if self.beam_width < 1 or self.max_bad_records < 0:
            raise ValueError(
                f"beam_width {self.beam_width} is 1 or more, max_bad_records {self.max_bad_records} 0 or more"
            )
        self.check_lm(self.beam_width)


@dataclass(frozen=True)
class StatsSettings:
    """Of a look at a data set. Raises ValueError for what cannot be."""

    data_root: FileRef = option("", _RECORDS, group=_DATA, metavar="ROOT")
    val_share: float = option(
        0.1, "of each speaker's training clips, to validate on where there is no val split", group=_DATA
    )
    seed: int = option(1, "what these are drawn from", group=_DATA)
    state_root: FileRef = option(
        "", "where the index of the records is kept (default: .visemill below the records)", group=_DATA, metavar="ROOT"
    )

    def __post_init__(self) -> None:
        if not self.data_root:
            raise ValueError("say where the records are: --data-root ROOT, the output of `visemill run grid`")
        if not 0 <= self.val_share < 1:
            raise ValueError(f"val_share is {self.val_share}: give a share from 0 to below 1")

    @property
    def index_root(self) -> str:
        return self.state_root or f"{self.data_root.rstrip('/')}/{STATE_DIR}"


@dataclass(frozen=True)
class EstimateSettings(CountedTexts):
    """Of counting a language model. Raises ValueError for what cannot be."""

    data_root: FileRef = option("", f"{_RECORDS}, of whose training clips the texts are", group=_DATA, metavar="ROOT")
    val_share: float = option(
        0.1, "of each speaker's training clips, that are validated on where there is no val split", group=_DATA
    )
    seed: int = option(1, "what these are drawn from: as of the training", group=_DATA)
    state_root: FileRef = option(
        "", "where the index of the records is kept (default: .visemill below the records)", group=_DATA, metavar="ROOT"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.data_root or self.text):
            raise ValueError("say what to count: --data-root ROOT, the output of `visemill run grid`, or --text FILE")
        if not 0 <= self.val_share < 1:
            raise ValueError(f"val_share is {self.val_share}: give a share from 0 to below 1")

    @property
    def index_root(self) -> str:
        return self.state_root or f"{self.data_root.rstrip('/')}/{STATE_DIR}"
