"""What trainers read of a clip: a line of a manifest, its fields and their order. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from orchestrator.pipelines.tts.splits import TRAIN, VAL
from services.base.run.manifest import ClipRow
from services.records.tts.names import FOLDERS, MANIFESTS, feature_file

MANIFEST_OF = dict(zip((TRAIN, VAL), MANIFESTS, strict=True))
"""Split -> its manifest."""

_NUM_LATENTS = 32
# Ends of lines to `str.splitlines`, which JSON leaves as they are.
_ENDS_OF_LINES = re.compile("[\x85\u2028\u2029]")


def record_of(row: ClipRow, quality: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a clip. quality: its facts.

    The duration is the one that was stated, where there is none the measured one. Paths are those of .npy files, also
    where a run wrote none of these.
    """
    text_ids, codes, condition, emo_vec = (feature_file(feature, row.utterance_id) for feature in FOLDERS)
    stated_s = row.attributes.duration_s
    return {
        "id": row.key,
        "audio_path": row.attributes.media_named,
        "text": quality["text"],
        "speaker": row.speaker_id,
        "language": row.attributes.language,
        "duration": quality.get("duration_s") if stated_s is None else stated_s,
        "text_ids_path": text_ids,
        "text_len": quality["num_text_ids"],
        "codes_path": codes,
        "code_len": quality["num_codes"],
        "condition_path": condition,
        "condition_len": quality.get("num_condition", _NUM_LATENTS),
        "emo_vec_path": emo_vec,
    }


def json_line(record: Mapping[str, Any]) -> bytes:
    """A line of JSON in UTF-8, of which no reader makes two, whatever it takes for the end of a line."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    return (_ENDS_OF_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n").encode()


def json_file(values: Mapping[str, Any]) -> bytes:
    """A JSON file that people read."""
    return (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
