"""PURE: what the tts pipeline needs of a machine, and of an image of workers."""

from __future__ import annotations

from collections.abc import Collection

from orchestrator.pipelines.base import Settings
from orchestrator.pipelines.needs import Need, PackageNeed, StageNeed, pip_install
from orchestrator.pipelines.tts.options import TtsOptions, stages

_SPEECH = pip_install("visemill[speech]")
_FETCH = "name the files with --gpt-checkpoint, --w2v-bert, --semantic-codec and --w2v-stat; docs/speech.md says where"


def needs(options: TtsOptions) -> tuple[Need, ...]:
    """Weights that are not there are random, and so no need; a tokenizer is one where it is given."""
    settings = dict(stages(options))
    tokenizer = (
        (Need("text", StageNeed("text", settings["text"]), "texts to ids, with --tokenizer", _SPEECH),)
        if options.tokenizer
        else (Need("sentencepiece", PackageNeed("sentencepiece"), "texts to ids", _SPEECH),)
    )
    return (
        Need("audio", StageNeed("audio", settings["audio"]), "reading sound", pip_install("visemill")),
        *tokenizer,
        Need("text rules of en and zh", PackageNeed("wetext"), "reading out numbers and dates", _SPEECH, False),
        Need("filterbanks", StageNeed("fbank", settings["fbank"]), "what the encoder is given", _SPEECH),
        Need("speech networks", StageNeed("speech", settings["speech"]), "codes, conditions, emotion vectors", _FETCH),
        Need("ttsfiles", StageNeed("ttsfiles", settings["ttsfiles"]), "the files of a clip", pip_install("visemill")),
    )


def image_lacks(settings: Settings, held: Collection[str]) -> str:
    """Why an image that holds these libraries of networks cannot carry out the run; empty: it can.

    Texts need a library too, wherever the networks are.
    """
    if "torch" in held or not settings.keys() & {"text", "speech"}:
        return ""
    return (
        "text and speech: it holds neither sentencepiece nor torch: give an image with the extras features and speech"
    )
