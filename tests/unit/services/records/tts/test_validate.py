"""Each rule of a clip's features and of its line in a manifest, broken alone."""

import numpy as np
import pytest

from services.formats.npy import encode_npy
from services.records.tts.names import FOLDERS, feature_file
from services.records.tts.validate import (
    RECORD_FIELDS,
    check_lengths,
    check_record,
    decode_files,
    differing,
    path_field,
    validate,
)

INF = np.float32(np.inf)


@pytest.fixture
def arrays(features, text):
    made = features(5)
    return dict(zip(FOLDERS, (text(3).ids_N, made.codes_L, made.condition_KD, made.emo_vec_D), strict=True))


RECORD = {
    "id": "a", "audio_path": "wav/a.wav", "text": "x", "speaker": "", "language": "am", "duration": None,
    "text_ids_path": "text_ids/a.npy", "text_len": 3, "codes_path": "codes/a.npy", "code_len": 5,
    "condition_path": "condition/a.npy", "condition_len": 32, "emo_vec_path": "emo_vec/a.npy",
}  # fmt: skip


def test_a_sound_clip_breaks_no_rule(arrays):
    assert validate(arrays) == []
    assert check_record(RECORD) == check_lengths(RECORD, arrays) == []
    assert check_record({**RECORD, "more": 1}) == []
    assert tuple(RECORD) == RECORD_FIELDS
    assert [RECORD[path_field(feature)] for feature in FOLDERS] == [feature_file(name, "a") for name in FOLDERS]


@pytest.mark.parametrize(
    ("feature", "change", "rule"),
    [
        ("text_ids", lambda a: a.astype(np.int64), "DTYPE"),
        ("emo_vec", lambda a: a.astype(np.float64), "DTYPE"),
        ("codes", lambda a: a[None], "SHAPE"),
        ("condition", lambda a: a[:31], "SHAPE"),
        ("condition", lambda a: a.ravel(), "SHAPE"),
        ("emo_vec", lambda a: a[:-1], "SHAPE"),
        ("codes", lambda a: a[:0], "EMPTY"),
        ("text_ids", lambda a: a[:0], "EMPTY"),
        ("codes", lambda a: np.append(a, np.int32(8192)), "RANGE"),
        ("codes", lambda a: np.append(a, np.int32(-1)), "RANGE"),
        ("text_ids", lambda a: np.append(a, np.int32(-1)), "RANGE"),
        ("condition", lambda a: np.where(np.arange(a.size).reshape(a.shape) == 7, INF, a), "NOT_FINITE"),
        ("emo_vec", lambda a: np.where(np.arange(len(a)) == 7, np.float32(np.nan), a), "NOT_FINITE"),
    ],
)
def test_each_rule_is_broken_alone(arrays, feature, change, rule):
    found = validate({**arrays, feature: change(arrays[feature])})
    assert [(breach.feature, breach.rule) for breach in found] == [(feature, rule)]


def test_codes_at_both_ends_of_their_range_are_sound(arrays):
    assert validate({**arrays, "codes": np.array([0, 8191], np.int32)}) == []


@pytest.mark.parametrize(
    ("field", "value", "feature"),
    [
        ("text_len", 4, "text_ids"),
        ("code_len", 6, "codes"),
        ("code_len", None, "codes"),
        ("condition_len", 31, "condition"),
    ],
)
def test_a_line_that_says_another_length(arrays, field, value, feature):
    (breach,) = check_lengths({**RECORD, field: value}, arrays)
    assert (breach.feature, breach.rule) == (feature, "LENGTH")
    assert repr(value) in breach.message


@pytest.mark.parametrize(
    "record",
    [
        {name: value for name, value in RECORD.items() if name != "emo_vec_path"},
        dict(reversed(RECORD.items())),
        {"more": 1, **RECORD},
        {},
    ],
    ids=["lacks one", "reversed", "another first", "empty"],
)
def test_fields_are_all_there_and_in_order(record):
    assert [breach.rule for breach in check_record(record)] == ["FIELDS"]


@pytest.mark.parametrize("path", ["", "/codes/a.npy", "../codes/a.npy", "codes/../a.npy", "codes\\a.npy", None, 3])
def test_a_path_lies_below_the_manifest(path):
    (breach,) = check_record({**RECORD, "codes_path": path})
    assert breach.rule == "PATH"
    assert "codes_path" in breach.message


def test_bytes_that_are_no_array_are_told_and_the_others_read(arrays):
    files = {name: encode_npy(array) for name, array in arrays.items()}
    found, torn = decode_files({**files, "codes": files["codes"][:-1]})
    assert sorted(found) == ["condition", "emo_vec", "text_ids"]
    assert [(breach.feature, breach.rule) for breach in torn] == [("codes", "BAD_NPY")]


def test_what_differs_between_two_copies(arrays):
    assert differing(arrays, {name: array.copy() for name, array in arrays.items()}) == []
    assert differing(arrays, {**arrays, "codes": arrays["codes"] + 1}) == ["codes"]
    assert differing(arrays, {**arrays, "codes": arrays["codes"].astype(np.int64)}) == ["codes"]
    assert differing(arrays, {"text_ids": arrays["text_ids"]}) == ["codes", "condition", "emo_vec"]
