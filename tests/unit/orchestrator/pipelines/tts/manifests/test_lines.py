"""A clip's line of a manifest: fields and order, paths as they were given, any text whole."""

import json

import pytest

from orchestrator.pipelines.tts.manifests.lines import json_line, record_of
from services.base.media.clip import ClipAttributes
from services.base.run.manifest import ClipRow
from services.records.tts.validate import RECORD_FIELDS, check_record

QUALITY = {"key": "a/1", "text": "ሰላም", "num_text_ids": 7, "num_codes": 150, "num_condition": 32, "duration_s": 3.004}


def row(media_named: str = "wavs/a.wav", duration_s: float | None = 3.0, stem: str = "a/1") -> ClipRow:
    attributes = ClipAttributes("speaker 1: ሰላም", "am", duration_s, media_named=media_named)
    return ClipRow("a/1", stem, "s1", "/abs/wavs/a.wav", "train", 0, 0, 0, 1, "", (), attributes)


def test_a_record_has_the_originals_fields_in_their_order() -> None:
    record = record_of(row(), QUALITY)
    assert tuple(record) == RECORD_FIELDS
    assert list(record.values()) == [
        *("a/1", "wavs/a.wav", "ሰላም", "s1", "am", 3.0, "text_ids/a/1.npy", 7, "codes/a/1.npy", 150),
        *("condition/a/1.npy", 32, "emo_vec/a/1.npy"),
    ]
    assert check_record(record) == []


@pytest.mark.parametrize("named", ["/abs/a.wav", "../up/a.wav", "a.wav", "s3://bucket/a.wav"])
def test_an_audio_path_keeps_its_root_and_its_steps_up(named: str) -> None:
    assert record_of(row(named), QUALITY)["audio_path"] == named


def test_a_duration_that_is_not_stated_is_the_measured_one() -> None:
    assert record_of(row(duration_s=None), QUALITY)["duration"] == 3.004
    assert record_of(row(duration_s=None), {**QUALITY, "duration_s": None})["duration"] is None
    assert record_of(row(duration_s=0.0), QUALITY)["duration"] == 0.0


def test_files_are_named_by_the_stem_and_the_id_stays() -> None:
    record = record_of(row(stem="a/1-0123456789abcdef"), QUALITY)
    assert (record["id"], record["codes_path"]) == ("a/1", "codes/a/1-0123456789abcdef.npy")


@pytest.mark.parametrize(
    "text",
    [
        "ሰላም ለዓለም",
        "你好，世界",
        "お早うございます",
        "안녕",
        "🙂👩‍👩‍👧",
        "a\u2028b\u2029c\x85d\x7fe",
        "a\x1cb\x0bc\nd",
        'say "no"\\',
        "e\u0301",
    ],
)
def test_manifests_survive_non_ascii_text_lhotse_1346_nemo_pr_16066(text: str) -> None:
    data = json_line({"id": text})
    assert data.count(b"\n") == 1 and data.endswith(b"\n") and b"\0" not in data
    assert len(data.decode("utf-8").splitlines()) == 1, "whatever a reader takes for the end of a line"
    assert json.loads(data) == {"id": text}
    if text.isprintable() and '"' not in text:
        assert text.encode() in data, "read by people too"


def test_half_of_a_character_never_gets_into_a_manifest() -> None:
    """Reading refuses it (BAD_JSON, BAD_ID); here it is an error and not another text."""
    with pytest.raises(UnicodeEncodeError):
        json_line({"text": "\ud83d"})
