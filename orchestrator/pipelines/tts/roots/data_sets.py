"""PURE: several data sets of one command, each a manifest with its language: --dataset LANG=MANIFEST[=OUTPUT]."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from orchestrator.pipelines.data_sets import DatasetFlag, GivenDataSet
from orchestrator.pipelines.tts.options import TtsOptions
from services.base.errors import BadConfig
from services.base.media.tokens import RULES_OF

_LANG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_FORM = "LANG=MANIFEST[=OUTPUT]"


def read_data_sets(values: Sequence[str], options: TtsOptions, output_root: str) -> list[GivenDataSet]:
    """A data set for each value. Its language is the one whose rules LANG names; of another name that of each text.

    Without OUTPUT it is written to LANG_processed_data below the output root, by default the working directory; an
    OUTPUT is used as given. Raises BadConfig BAD_FLAGS.
    """
    if options.manifest:
        raise BadConfig(
            "BAD_FLAGS",
            f"--manifest {options.manifest} is used by no --dataset, since each has its own: leave one of them out",
        )
    return [_data_set(value, options, output_root) for value in values]


def _data_set(value: str, options: TtsOptions, output_root: str) -> GivenDataSet:
    label, _, rest = value.partition("=")
    manifest, _, output = rest.partition("=")
    if not _LANG.fullmatch(label) or not manifest:
        raise BadConfig("BAD_FLAGS", f"--dataset {value!r} must be {_FORM}, such as am=am/manifest.jsonl")
    own = dataclasses.replace(options, manifest=manifest, language=RULES_OF.get(label.lower(), ""))
    return GivenDataSet(label, output or f"{output_root or '.'}/{label.lower()}_processed_data", own)


def _text(given: GivenDataSet) -> str:
    return f"{given.label}={given.options.manifest}={given.output_root}"


DATASET_FLAG = DatasetFlag(
    _FORM,
    "a manifest of a language (en, zh, ja, am; any other: the script of each text decides) and the output of its "
    "features (default: LANG_processed_data below --output-root or the working directory); may be repeated: all are "
    "planned before the first runs",
    read_data_sets,
    _text,
)
