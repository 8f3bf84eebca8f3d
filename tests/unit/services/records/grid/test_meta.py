import json

import pytest

from services.records.grid.meta import build_meta
from services.records.grid.spec import RecordsConfig


def meta(profile: str = "liptype2-v1", **extra: object) -> bytes:
    return build_meta(
        RecordsConfig(profile=profile),
        counts={"val": 1, "train": 11},
        num_shards=2,
        speakers={"train": ["s30", "s1"], "val": ["s36"], "test": []},
        extra=extra,
    )


def test_the_originals_keys_come_first_in_its_order_and_form() -> None:
    text = meta().decode()
    assert text.startswith(
        "{\n"
        '  "train_examples": 11,\n'
        '  "val_examples": 1,\n'
        '  "num_shards": 2,\n'
        '  "spec": {\n'
        '    "max_frames": 75,\n'
        '    "height": 50,\n'
        '    "width": 100,\n'
        '    "channels": 3,\n'
        '    "max_text_len": 32\n'
        "  },\n"
        '  "roi_cfg": {\n'
        '    "width": 100,\n'
        '    "height": 50,\n'
        '    "pad_ratio_x": 0.2,\n'
        '    "pad_ratio_y": 0.3\n'
        "  },\n"
        '  "train_speakers": [\n'
        '    "s1",\n'
        '    "s30"\n'
        "  ],\n"
        '  "val_speakers": [\n'
        '    "s36"\n'
        "  ],\n"
    )


def test_more_follows() -> None:
    value = json.loads(meta("fixed-scale", mode="speaker_holdout", landmarks={"backend": "dlib"}))
    assert (value["test_examples"], value["test_speakers"], value["profile"]) == (0, [], "fixed-scale")
    assert list(value)[-2:] == ["landmarks", "mode"]


def test_the_order_of_what_is_given_does_not_show() -> None:
    assert meta(a=1, b=2) == meta(b=2, a=1)


def test_a_key_that_has_its_place_cannot_be_given_again() -> None:
    with pytest.raises(ValueError, match="num_shards"):
        meta(num_shards=3)
