"""The bundle that a talking head is handed on as: a folder of a network, and a card that says what it takes.

The network takes `references` and `faces`, uint8 BGR [B, S, S, 3], S = 320 or 160, insides of crops of one person; it
blackens what it paints of the faces by itself. `sounds` is float32 [B, C, H, W], the window around each frame. It gives
`painted`, float32 BGR [B, S, S, 3], 0 to 1.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass

from services.base.errors import BadConfig
from services.formats.talker.tree import ROW_SHAPES

MODEL_FILE, CARD_FILE = "model.onnx", "card.json"
REFERENCES, FACES, SOUNDS, PAINTED = "references", "faces", "sounds", "painted"
VERSION = 1
RESOLUTIONS = ("328", "160")


@dataclass(frozen=True)
class HeadCard:
    """card.json. Raises ValueError for what cannot be.

    digests: name -> sha256 in hex, of `model` and `checkpoint`, and of `consent` where one was given. asr: whose
    features of the sound. resolution: 328 or 160. width: factor on the channels. persons: folders that it has learnt
    from, where known. scores: where known.
    """

    recipe: str
    asr: str
    resolution: str
    width: float
    digests: Mapping[str, str]
    persons: tuple[str, ...] = ()
    scores: Mapping[str, float] = dataclasses.field(default_factory=dict)
    version: int = VERSION

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise ValueError(f"version is {self.version}, and this release reads {VERSION}")
        if self.asr not in ROW_SHAPES or self.resolution not in RESOLUTIONS or not 0 < self.width <= 1:
            raise ValueError(
                f"asr {self.asr!r} is one of {', '.join(ROW_SHAPES)}, resolution {self.resolution!r} one of "
                f"{', '.join(RESOLUTIONS)}, and width {self.width} over 0 and at most 1"
            )
        if not {"model", "checkpoint"} <= self.digests.keys():
            raise ValueError(f"digests are of {sorted(self.digests)}: model and checkpoint must be among them")
        object.__setattr__(self, "persons", tuple(self.persons))


def card_file(card: HeadCard) -> bytes:
    """card.json."""
    return (json.dumps(dataclasses.asdict(card), indent=2, ensure_ascii=False) + "\n").encode()


def card_of(data: bytes) -> HeadCard:
    """The inverse of `card_file`. Raises BadConfig BUNDLE_DAMAGED."""
    try:
        return HeadCard(**json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadConfig(
            "BUNDLE_DAMAGED", f"{CARD_FILE} is no card of a talking head ({error}): export it again", str(error)
        ) from error
