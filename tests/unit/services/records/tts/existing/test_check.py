"""Which files of a clip are taken over: one row a rule, each broken alone."""

import io

import numpy as np
import pytest

from services.formats.npy import encode_npy
from services.records.tts.existing.check import NotTaken, checked, random_sources

WIDTH, NUM_CODES = 12, 9
IDS = np.array([5, 6, 7], np.int32)


def files(**changed) -> dict[str, bytes]:
    """Of a clip that is right, with some of them others; None: without it."""
    rng = np.random.default_rng(1)
    made = {
        "text_ids": IDS,
        "codes": np.arange(NUM_CODES, dtype=np.int32),
        "condition": rng.standard_normal((32, WIDTH)).astype(np.float32),
        "emo_vec": rng.standard_normal(WIDTH).astype(np.float32),
        **changed,
    }
    return {name: one if isinstance(one, bytes) else encode_npy(one) for name, one in made.items() if one is not None}


def saved(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def test_files_that_are_right_are_taken_as_they_are():
    given = files()
    found = checked(given, IDS, NUM_CODES, WIDTH)
    arrays = (found.text_ids_N, found.codes_L, found.condition_KD, found.emo_vec_D)
    assert [encode_npy(array) for array in arrays] == list(given.values())


NAN_VEC = np.full(WIDTH, np.nan, np.float32)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"codes": None}, "no codes"),
        ({"condition": None, "emo_vec": None}, "no condition, emo_vec"),
        ({"text_ids": np.array([5, 6, 8], np.int32)}, "not those of the text now"),
        ({"text_ids": IDS[:2]}, "not those of the text now"),
        ({"text_ids": IDS.astype(np.int64)}, "text_ids: int64"),
        ({"text_ids": IDS.astype(">i4")}, "text_ids: >i4"),
        ({"codes": np.arange(NUM_CODES + 1, dtype=np.int32)}, "codes: 10, and the sound has 9"),
        ({"codes": np.arange(NUM_CODES - 1, dtype=np.int32)}, "codes: 8, and the sound has 9"),
        ({"codes": np.zeros((1, NUM_CODES), np.int32)}, r"codes: int32 \[1, 9\]"),
        ({"codes": np.zeros(NUM_CODES, np.int64)}, "codes: int64"),
        ({"codes": np.zeros(0, np.int32)}, r"codes: int32 \[0\]"),
        ({"codes": np.full(NUM_CODES, 8192, np.int32)}, "0 to 8191"),
        ({"codes": np.full(NUM_CODES, -1, np.int32)}, "0 to 8191"),
        ({"condition": np.zeros((1, 32, WIDTH), np.float32)}, r"condition: float32 \[1, 32, 12\]"),
        ({"condition": np.zeros((31, WIDTH), np.float32)}, r"condition: float32 \[31, 12\]"),
        ({"condition": np.zeros((32, WIDTH + 1), np.float32)}, r"condition: float32 \[32, 13\]"),
        ({"condition": np.zeros((32, WIDTH), np.float16)}, "condition: float16"),
        ({"condition": np.full((32, WIDTH), np.inf, np.float32)}, "condition: NaN or infinity"),
        ({"emo_vec": np.zeros((1, WIDTH), np.float32)}, r"emo_vec: float32 \[1, 12\]"),
        ({"emo_vec": NAN_VEC}, "emo_vec: NaN or infinity"),
        ({"emo_vec": b""}, "emo_vec: no npy file"),
        ({"emo_vec": b"\x93NUMPY"}, "emo_vec: no npy file"),
        ({"codes": encode_npy(np.zeros(NUM_CODES, np.int32))[:-1]}, "codes: no npy file"),
        ({"codes": saved(np.array([{}], object))}, "codes: no npy file"),
    ],
)
def test_a_file_that_is_not_what_would_be_made_now_is_not_taken(changed, why):
    with pytest.raises(NotTaken, match=why):
        checked(files(**changed), IDS, NUM_CODES, WIDTH)


def test_without_files_there_is_nothing_to_say():
    with pytest.raises(NotTaken, match=r"^$"):
        checked({}, IDS, NUM_CODES, WIDTH)


@pytest.mark.parametrize(
    ("meta", "sources"),
    [
        (b'{"models": {"w2v_bert": "seeded:3", "gpt_checkpoint": "sha256:1"}}', {"w2v_bert": "seeded:3"}),
        (b'{"models": {"w2v_bert": "sha256:1"}, "flags": {"RANDOM_WEIGHTS": 2}}', {"adopted": "seeded:unknown"}),
        (b'{"models": {"w2v_bert": "sha256:1"}, "flags": {"CLIPPED": 2}}', {}),
        *((other, {}) for other in (b"", b"{", b"[]", b'{"models": [1]}', b'{"flags": 1}')),
    ],
)
def test_what_an_output_says_of_random_weights(meta, sources):
    assert random_sources(meta) == sources
