"""meta.json: what a reader of the records needs to know. Pure, and the same from run to run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from services.geometry.mouth_window import CHANNELS, profile_named, roi_cfg
from services.records.grid.labels import ALPHABET, CTC_BLANK, NUM_CLASSES
from services.records.grid.spec import RecordsConfig


def build_meta(
    config: RecordsConfig,
    *,
    counts: Mapping[str, int],
    num_shards: int,
    speakers: Mapping[str, Iterable[str]],
    extra: Mapping[str, Any],
) -> bytes:
    """LipTypeV2's keys first, in its order and under its names, then more; JSON with an indent of 2.

    counts: split -> records. speakers: split -> ids. extra: more keys (mode, landmarks, ...). Ids and keys are sorted.
    Raises ValueError when extra holds a key that has its place already.
    """
    profile = profile_named(config.profile)
    meta: dict[str, Any] = {
        "train_examples": counts.get("train", 0),
        "val_examples": counts.get("val", 0),
        "num_shards": num_shards,
        "spec": {
            "max_frames": config.max_frames,
            "height": profile.height_px,
            "width": profile.width_px,
            "channels": CHANNELS,
            "max_text_len": config.max_text_len,
        },
        "roi_cfg": roi_cfg(profile),
        "train_speakers": sorted(speakers.get("train", ())),
        "val_speakers": sorted(speakers.get("val", ())),
        "test_examples": counts.get("test", 0),
        "test_speakers": sorted(speakers.get("test", ())),
        "profile": profile.name,
        "quality_policy": config.quality_policy,
        "alphabet": ALPHABET,
        "ctc_blank": CTC_BLANK,
        "num_classes": NUM_CLASSES,
    }
    taken = sorted(set(meta) & set(extra))
    if taken:
        raise ValueError(f"extra must not hold {', '.join(taken)}: meta.json has them already")
    meta.update((key, extra[key]) for key in sorted(extra))
    return json.dumps(meta, indent=2, ensure_ascii=False, allow_nan=False).encode()
