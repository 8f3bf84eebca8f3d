"""The bundle that a lipreader is handed on as: a folder of a network, its alphabet, and a card that says what it takes.

The network takes `frames`, uint8 [B, T, height, width, 3] RGB crops of mouths, and `lengths`, int64 [B] of 1..T. One of
CTC gives `log_probs`, float32 [B, S, K], ln of the probabilities of K classes at S steps, of which the first
lengths * steps_per_frame of a clip mean something.

One of attention gives `memory`, float32 [B, T, C], and has a second network beside it, one step of its decoder: it
takes `memory` and `lengths`, `ids`, int64 [B], the id before, and the state `h` and `c`, float32 [B, C], zeros at
first; it gives `log_probs`, float32 [B, V], of the id behind, `attention`, float32 [B, T], how much it looks at each
frame, and the state behind, `h_next` and `c_next`.

A joint one gives `log_probs` as one of CTC and `memory`, float32 [B, T, C], and its second network says how likely
texts are: it takes `memory` and `lengths`, and `ids`, int64 [B, N, L], N texts of each clip, which begin with <sos>,
end with <eos> and are padded with <pad>; it gives `scores`, float32 [B, N], ln of the probabilities of the ids behind
<sos>. The id of a class of CTC is that of the class and the number of marks.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from services.base.errors import BadConfig

MODEL_FILE, TOKENIZER_FILE, CARD_FILE = "model.onnx", "tokenizer.json", "card.json"
DECODER_FILE = "decoder.onnx"
"""Of attention, alone or beside CTC."""
FRAMES, LENGTHS, LOG_PROBS = "frames", "lengths", "log_probs"
MEMORY, IDS, ATTENTION, SCORES = "memory", "ids", "attention", "scores"
STATE, NEXT_STATE = ("h", "c"), ("h_next", "c_next")
BLANK = "<blank>"
VERSION = 1
AS_THE_BUNDLE_SAYS = -1.0
"""In place of the share of a decoder in the score of a text."""
MARKS = ("<pad>", "<sos>", "<eos>", "<unk>")
"""Ids 0 to 3 of a decoder with attention."""

Kind = Literal["ctc", "attention", "joint"]
Decoding = Literal["greedy", "beam", "language model", "rescoring"]

_OF_CTC: tuple[Decoding, ...] = ("greedy", "beam", "language model")
DECODINGS: Mapping[Kind, tuple[Decoding, ...]] = {
    "ctc": _OF_CTC,
    "attention": ("greedy",),
    "joint": (*_OF_CTC, "rescoring"),
}
"""How texts may be found with a bundle: by the likeliest class at each step; among prefixes that are kept; with n-grams
among these; and by what a decoder thinks of them in the end.
"""


@dataclass(frozen=True)
class BundleCard:
    """card.json. Raises ValueError for what cannot be.

    digests: name -> sha256 in hex, of `model` and `tokenizer` (files of the bundle), `checkpoint`, and `data` where
    known; of attention, and of joint ones, also `decoder`. mouth: the profile of its crops, with its own numbers. fps:
    of the frames. scores: where known. max_ids: of attention, ids of a text at most, the marks at its ends among them.
    decodings: those of its kind. usual: of joint ones, `beam_width` and `rescoring`, the share of the decoder in the
    score of a text, as their training was told. grey: records that it has learnt from hold grey pictures: frames
    are made grey before they are cropped.
    """

    recipe: str
    settings: Mapping[str, Any]
    digests: Mapping[str, str]
    mouth: Mapping[str, Any]
    height_px: int
    width_px: int
    fps: float
    steps_per_frame: int
    normalisation: str
    scores: Mapping[str, float] = dataclasses.field(default_factory=dict)
    version: int = VERSION
    kind: Kind = "ctc"
    max_ids: int = 0
    decodings: Sequence[Decoding] = ()
    usual: Mapping[str, float] = dataclasses.field(default_factory=dict)
    grey: bool = False

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise ValueError(f"version is {self.version}, and this release reads {VERSION}")
        if min(self.height_px, self.width_px, self.steps_per_frame) < 1 or not 0 < self.fps <= 1000:
            raise ValueError(
                f"height_px {self.height_px}, width_px {self.width_px} and steps_per_frame {self.steps_per_frame} are "
                f"1 or more, and fps {self.fps} is over 0 and at most 1000"
            )
        if not isinstance(self.mouth, Mapping) or not isinstance(self.mouth.get("name"), str):
            raise ValueError(f"mouth names no profile: {self.mouth!r}")
        if self.kind not in get_args(Kind) or (self.kind == "attention") is not (self.max_ids > 2):
            raise ValueError(
                f"kind is {self.kind!r} with {self.max_ids} ids: attention with 3 or more, or another with 0"
            )
        own = DECODINGS[self.kind]
        if tuple(self.decodings) not in ((), own):
            raise ValueError(f"decodings are {self.decodings}, and of kind {self.kind} {own}")
        object.__setattr__(self, "decodings", own)
        self._check_usual()
        if not set(self.files) <= self.digests.keys():
            raise ValueError(f"digests are of {sorted(self.digests)}: {', '.join(self.files)} must be among them")

    def _check_usual(self) -> None:
        if (self.kind == "joint") is not bool(self.usual):
            raise ValueError(f"usual is {self.usual!r}: of joint bundles, and of no others")
        if self.usual and not (self.usual["beam_width"] >= 1 and 0 <= self.usual["rescoring"] <= 1):
            raise ValueError(f"usual is {self.usual!r}: beam_width is 1 or more, and rescoring from 0 to 1")

    @property
    def files(self) -> Mapping[str, str]:
        """Of the bundle beside the card: name of the digest -> of the file."""
        decoder = {"decoder": DECODER_FILE} if self.kind != "ctc" else {}
        return {"model": MODEL_FILE, **decoder, "tokenizer": TOKENIZER_FILE}


def card_file(card: BundleCard) -> bytes:
    """card.json."""
    return (json.dumps(dataclasses.asdict(card), indent=2, ensure_ascii=False) + "\n").encode()


def card_of(data: bytes) -> BundleCard:
    """The inverse of `card_file`. Raises BadConfig BUNDLE_DAMAGED."""
    try:
        return BundleCard(**json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadConfig(
            "BUNDLE_DAMAGED", f"{CARD_FILE} is no card of a lipreader ({error}): export it again", str(error)
        ) from error


def characters_of(data: bytes) -> str:
    """The characters of a tokenizer.json, class by class; the blank is the class behind them. Raises BadConfig
    BUNDLE_DAMAGED.
    """
    try:
        by_id = {int(i): character for i, character in json.loads(data)["idx2char"].items()}
        *characters, blank = [by_id[i] for i in range(len(by_id))]
        if blank != BLANK or not characters or any(len(one) != 1 for one in characters):
            raise ValueError(f"the last class is {blank!r}, not {BLANK!r}, or a class is no character")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadConfig(
            "BUNDLE_DAMAGED", f"{TOKENIZER_FILE} is no alphabet with a blank ({error}): export the bundle again"
        ) from error
    return "".join(characters)


def tokens_of(data: bytes) -> tuple[str, ...]:
    """The tokens of a tokenizer.json of attention by their ids, the marks first. Raises BadConfig BUNDLE_DAMAGED."""
    try:
        by_id = {int(i): token for i, token in json.loads(data)["idx2char"].items()}
        tokens = tuple(str(by_id[i]) for i in range(len(by_id)))
        if tokens[: len(MARKS)] != MARKS:
            raise ValueError(f"the first tokens are {tokens[: len(MARKS)]}, not {MARKS}")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadConfig(
            "BUNDLE_DAMAGED", f"{TOKENIZER_FILE} is none of a decoder ({error}): export the bundle again"
        ) from error
    return tokens
