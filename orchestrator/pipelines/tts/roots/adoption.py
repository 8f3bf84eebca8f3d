"""PURE: how a run of tts takes over an output: of the original script, or of an earlier run with another manifest."""

from __future__ import annotations

from typing import Any

from orchestrator.pipelines.data_sets import Adoption
from orchestrator.pipelines.tts.options import TtsOptions
from services.base.store.roots import absolute
from services.records.tts.names import ARROW, ARROW_FOLDER, FOLDERS, NPY

_FIRST = f"{FOLDERS[0]}/"
_FILES = frozenset({"train_manifest.jsonl", "val_manifest.jsonl", "stats.json", ".preprocessing_progress.txt"})


def _is_asked(options: TtsOptions) -> bool:
    return options.skip_existing


def _settings(options: TtsOptions) -> dict[str, Any]:
    return {"config": absolute(options.config)} if options.config else {}


def clip_of(name: str) -> str:
    """The utterance id of the clip whose text ids a file holds; empty for any other file."""
    return name[len(_FIRST) : -len(NPY)] if name.startswith(_FIRST) and name.endswith(NPY) else ""


def is_packed(name: str) -> bool:
    """Whether it is called as an Arrow file of a shard."""
    return name.startswith(f"{ARROW_FOLDER}/") and name.endswith(ARROW)


def is_own(name: str) -> bool:
    """Whether it is called as a file that this pipeline or the original script writes."""
    return name in _FILES or name.partition("/")[0] in FOLDERS


ADOPTION = Adoption(
    "--skip-existing",
    _is_asked,
    stage="ttsexisting",
    after="text",
    settings=_settings,
    clip_of=clip_of,
    is_own=is_own,
    made_by=frozenset({"audio", "text", "fbank", "speech"}),
    # What a clip gets beside others differs in the last digits alone.
    may_differ=frozenset({"speech.batch_size", "speech.batching"}),
    is_packed=is_packed,
    unpack="visemill unpack tts --output-dir",
)
