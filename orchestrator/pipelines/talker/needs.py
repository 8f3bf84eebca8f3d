"""PURE: what the talker pipeline needs of a machine."""

from __future__ import annotations

from orchestrator.pipelines.needs import Need, StageNeed, pip_install
from orchestrator.pipelines.talker.options import TalkerOptions, stages

_NETWORKS = pip_install("visemill[talker]")
_PURPOSES = {
    "decode": ("reading videos", pip_install("visemill")),
    "audio": ("reading sound", pip_install("visemill")),
    "landmarks": (
        "points of the face",
        "docs/talker.md says which model files there are, and where they are looked for",
    ),
    "sound": ("sound that begins with the first picture", pip_install("visemill")),
    "audiofeatures": ("features of the sound", f"{_NETWORKS}; or take --asr-model mel, which has no network"),
    "talkerfiles": ("the files of a person", pip_install("visemill")),
}


def needs(options: TalkerOptions) -> tuple[Need, ...]:
    """A need for each stage, with the settings that the options give it. A network of sound is none that all else waits
    for: features of a model without one can be had.
    """
    return tuple(
        Need(name, StageNeed(name, settings), *_PURPOSES[name], is_needed=name != "audiofeatures")
        for name, settings in stages(options)
    )
