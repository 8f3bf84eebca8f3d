"""PURE: what a person's folder holds by its runs, what is left to write there, and what may be added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.pipelines.talker.options import Parts, TalkerOptions, asr_model_named
from services.base.errors import BadConfig
from services.base.run.spec import RunSpec

FEATURES, FILES = "audiofeatures", "talkerfiles"
# Of stages that both a whole run and one of features alone have, but for what says which features.
_ALIKE = ("decode", "audio", "sound", FILES)
_OWN = "parts"


def model_of(spec: RunSpec) -> str:
    """The model of the features that a run writes."""
    return str(_settings(spec)[FEATURES]["model"])


def parts_of(spec: RunSpec) -> Parts:
    """What of the folder a run writes."""
    return "features" if _settings(spec)[FILES].get("parts") == "features" else "all"


def held_features(runs: Sequence[RunSpec]) -> list[str]:
    """Models of the features that the runs of a folder write, the oldest first."""
    return [model_of(spec) for spec in runs]


def as_held(options: TalkerOptions, runs: Sequence[RunSpec]) -> TalkerOptions:
    """The options of what is left to write: features alone where a folder has pictures of an earlier run, and lacks
    those of this model. Where it has these too, the options are those of its last run, of which nothing is left to do.
    """
    if not runs:
        return replace(options, parts="all")
    if options.asr_model not in held_features(runs):
        return replace(options, parts="features")
    last = runs[-1]
    if model_of(last) == options.asr_model:
        return replace(options, parts=parts_of(last))
    weights = str((last.options or {}).get("asr_weights", ""))
    return replace(options, asr_model=asr_model_named(model_of(last)), asr_weights=weights, parts=parts_of(last))


def check_added(runs: Sequence[RunSpec], spec: RunSpec) -> None:
    """Raises BadConfig DATASET_CHANGED where features would be added to pictures of another video or of another rate.

    runs: of the folder, the oldest first.
    """
    held, asked = runs[0], spec
    differing = []
    if held.details.get("video") != asked.details.get("video"):
        differing.append("the video, its size or its time")
    then, now = _settings(held), _settings(asked)
    differing += [
        f"{stage}.{name} {then.get(stage, {}).get(name, 'absent')} against {value}"
        for stage in _ALIKE
        for name, value in now.get(stage, {}).items()
        if name != _OWN and then.get(stage, {}).get(name) != value
    ]
    if differing:
        raise BadConfig(
            "DATASET_CHANGED",
            f"{spec.output_root} was made otherwise: {'; '.join(differing)}. Give the video and the settings that it "
            "was made with, choose another --name, or give --force to delete it and begin anew",
        )


def _settings(spec: RunSpec) -> Mapping[str, Mapping[str, Any]]:
    return {stage.name: stage.config for stage in spec.stages}
