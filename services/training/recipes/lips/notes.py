"""What a training on Chinese-LiPS tells of its data, and what it publishes of them beside its weights. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.training.data.lips.chinese_lips import LipsData
from services.training.data.lips.licence import NOTE, NOTE_FILE
from services.training.lipreading.tokenizer import Tokenizer, tokenizer_file
from services.training.recipes.lips.kind import TOKENIZER_FILE
from services.training.written_settings import CONFIG_FILE, config_file

_MOST_NAMED = 50
_MUCH_CUT = 0.2


def notes_of(max_frames: int, data: LipsData, tokenizer: Tokenizer) -> tuple[str, ...]:
    """What there is to hear of the data, and the first lines that are left out of it."""
    told = [f"{one.key} is left out: {one.reason} ({one.message})" for one in data.left_out[:_MOST_NAMED]]
    told += data.notes
    cut = data.train.share_cut
    if cut:
        much = ": their texts cannot be learnt whole, raise --max-frames" if cut > _MUCH_CUT else ""
        told.append(f"{cut:.1%} of the training clips are longer than {max_frames} frames and cut{much}")
    for name in ("val", "test"):
        outside = tokenizer.outside(clip.text for clip in data.split(name).clips)
        if outside:
            shown = "".join(one for one, _ in outside.most_common(10))
            told.append(
                f"{sum(outside.values())} characters of {name} are not in the training text and cannot be read: {shown}"
            )
    return tuple(told)


def published(config: Any, data: LipsData, tokenizer: Tokenizer) -> Mapping[str, bytes]:
    """tokenizer.json, config.yaml, and the note on the licence where what is learnt falls under it."""
    files = {TOKENIZER_FILE: tokenizer_file(tokenizer), CONFIG_FILE: config_file(config)}
    return {**files, NOTE_FILE: NOTE.encode()} if data.is_licensed else files
