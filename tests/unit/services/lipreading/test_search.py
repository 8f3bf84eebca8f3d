"""How a text is searched for follows from the settings, then the bundle, then what is usual."""

from typing import Any

import pytest

from services.base.errors import BadConfig
from services.lipreading.search import Search, networks_of, search_of
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import BundleCard

_FACTS: dict[str, Any] = {
    **{"settings": {}, "mouth": {"name": "fixed-scale"}, "height_px": 50, "width_px": 100},
    **{"fps": 25.0, "steps_per_frame": 1, "normalisation": "in the graph"},
}
CTC = BundleCard("grid-ctc", digests={"model": "a", "tokenizer": "b"}, **_FACTS)
JOINT = BundleCard(
    "chinese-lips-conformer",
    digests={"model": "a", "decoder": "c", "tokenizer": "b"},
    kind="joint",
    usual={"beam_width": 10, "rescoring": 0.5},
    **_FACTS,
)
ATTENTION = BundleCard("chinese-lips-lstm", digests=JOINT.digests, kind="attention", max_ids=9, **_FACTS)


@pytest.mark.parametrize(
    ("card", "settings", "found"),
    [
        (CTC, {}, Search(20, 0.0)),
        (CTC, {"beam_width": 4, "rescoring": 0.0}, Search(4, 0.0)),
        (JOINT, {}, Search(10, 0.5)),
        (JOINT, {"beam_width": 20}, Search(20, 0.5)),
        (JOINT, {"rescoring": 0.0}, Search(10, 0.0)),
        (JOINT, {"beam_width": 1}, Search(1, 0.0)),
        # A server has all of it.
        (JOINT, {"backend": "triton", "triton": "127.0.0.1:8001"}, Search(10, 0.5)),
    ],
)
def test_what_is_said_wins(card: BundleCard, settings: dict[str, Any], found: Search) -> None:
    assert search_of(LipreadingConfig(**settings), card) == found


def test_what_the_bundle_has_no_part_in_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"BAD_SETTING.*no decoder"):
        search_of(LipreadingConfig(rescoring=0.5), CTC)


@pytest.mark.parametrize(
    ("card", "settings", "found"),
    [
        (CTC, {}, ("model",)),
        (JOINT, {}, ("model", "decoder")),
        (JOINT, {"rescoring": 0.0}, ("model",)),
        (JOINT, {"beam_width": 1}, ("model",)),
        (ATTENTION, {}, ("model", "decoder")),
    ],
)
def test_networks_that_take_no_part_are_asked_of_nobody(
    card: BundleCard, settings: dict[str, Any], found: tuple[str, ...]
) -> None:
    assert networks_of(LipreadingConfig(**settings), card) == found


def test_a_language_model_is_refused_where_the_bundle_says_that_there_is_no_beam() -> None:
    narrow = BundleCard(
        "chinese-lips-conformer",
        digests=JOINT.digests,
        kind="joint",
        usual={"beam_width": 1, "rescoring": 0.5},
        **_FACTS,
    )
    with pytest.raises(BadConfig, match=r"BAD_SETTING.*beam_width is 1"):
        search_of(LipreadingConfig(lm="a.arpa"), narrow)
