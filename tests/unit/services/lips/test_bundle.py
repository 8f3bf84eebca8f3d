"""The card and the alphabet of a bundle."""

import dataclasses
import json

import pytest

from services.base.errors import BadConfig
from services.lips.bundle import DECODINGS, BundleCard, card_file, card_of, characters_of, tokens_of

CARD = BundleCard(
    recipe="grid-ctc",
    settings={"size": "tiny"},
    digests={"model": "a", "tokenizer": "b"},
    mouth={"name": "fixed-scale", "width_px": 100},
    height_px=50,
    width_px=100,
    fps=25.0,
    steps_per_frame=2,
    normalisation="in the graph",
)


def test_a_card_is_read_as_it_was_written() -> None:
    assert card_of(card_file(CARD)) == CARD


@pytest.mark.parametrize(
    "changed",
    [
        *({"fps": 0}, {"fps": float("nan")}, {"height_px": 0}, {"steps_per_frame": 0}, {"version": 2}),
        *({"mouth": {}}, {"mouth": None}, {"digests": {"model": "a"}}, {"unknown": 1}),
    ],
)
def test_a_card_that_cannot_be_is_refused(changed: dict[str, object]) -> None:
    data = json.dumps({**dataclasses.asdict(CARD), **changed}).encode()
    with pytest.raises(BadConfig) as refused:
        card_of(data)
    assert refused.value.reason == "BUNDLE_DAMAGED"


def test_the_blank_is_the_class_behind_the_characters() -> None:
    assert characters_of(b'{"idx2char": {"0": "a", "2": "<blank>", "1": " "}}') == "a "


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"idx2char": {"0": "a", "1": "b"}}', b'{"idx2char": {"0": "a", "2": "<blank>"}}']
)
def test_another_alphabet_is_refused(data: bytes) -> None:
    with pytest.raises(BadConfig) as refused:
        characters_of(data)
    assert refused.value.reason == "BUNDLE_DAMAGED"


def test_a_bundle_of_attention_has_a_decoder_and_an_end() -> None:
    card = dataclasses.replace(
        CARD, kind="attention", decodings=(), max_ids=200, digests={"model": "a", "decoder": "c", "tokenizer": "b"}
    )
    assert card_of(card_file(card)) == card
    assert list(card.files.values()) == ["model.onnx", "decoder.onnx", "tokenizer.json"]
    for changed in ({"kind": "ctc"}, {"max_ids": 0}, {"digests": CARD.digests}, {"kind": "other"}):
        with pytest.raises(ValueError, match=r"kind|digests"):
            dataclasses.replace(card, **changed)  # type: ignore[arg-type]


def test_a_joint_bundle_has_a_decoder_and_says_how_it_is_usually_read() -> None:
    digests = {"model": "a", "decoder": "c", "tokenizer": "b"}
    card = dataclasses.replace(
        CARD, kind="joint", digests=digests, decodings=(), usual={"beam_width": 10, "rescoring": 0.5}
    )
    assert card_of(card_file(card)) == card
    assert list(card.files.values()) == ["model.onnx", "decoder.onnx", "tokenizer.json"]
    unusual = [{"usual": {"beam_width": width, "rescoring": share}} for width, share in ((0, 0.5), (9, 2))]
    for changed in ({"max_ids": 9}, {"usual": {}}, {"digests": CARD.digests}, {"decodings": ("greedy",)}, *unusual):
        with pytest.raises(ValueError, match=r"kind|usual|digests|decodings"):
            dataclasses.replace(card, **changed)  # type: ignore[arg-type]
    with pytest.raises(BadConfig, match="BUNDLE_DAMAGED"):
        card_of(card_file(card).replace(b'"rescoring": 0.5', b'"other": 0.5'))


@pytest.mark.parametrize("kind", list(DECODINGS))
def test_a_card_says_which_decodings_it_is_for_and_an_older_one_has_those_of_its_kind(kind: str) -> None:
    digests = {"model": "a", "decoder": "c", "tokenizer": "b"}
    usual = {"beam_width": 10, "rescoring": 0.5} if kind == "joint" else {}
    card = dataclasses.replace(
        CARD, kind=kind, decodings=(), digests=digests, max_ids=9 if kind == "attention" else 0, usual=usual
    )  # type: ignore[arg-type]
    told = json.loads(card_file(card))
    assert tuple(told["decodings"]) == DECODINGS[card.kind]
    del told["decodings"]
    assert card_of(json.dumps(told).encode()) == card


def test_tokens_of_a_decoder_begin_with_its_marks() -> None:
    tokens = ["<pad>", "<sos>", "<eos>", "<unk>", "字"]
    data = json.dumps({"idx2char": {str(i): one for i, one in enumerate(tokens)}}).encode()
    assert tokens_of(data) == tuple(tokens)
    for other in (b"", b'{"idx2char": {"0": "a"}}'):
        with pytest.raises(BadConfig, match="BUNDLE_DAMAGED"):
            tokens_of(other)
