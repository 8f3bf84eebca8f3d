"""Another number format is tried on a sample that is a function of the manifest, where and when it has to be."""

import json

import pytest

from orchestrator.pipelines.surveys import Planned
from orchestrator.pipelines.tts.format_check import format_note, format_survey, is_tried, sample, untried_notes
from services.base.media.clip import ClipAttributes
from services.base.run.manifest import ClipRow, ClipTable

SPEECH = frozenset({"speech"})


def rows(num: int, num_shards: int = 1) -> ClipTable:
    """Clips that are dealt out to shards in turn, from the last to the first."""
    places = sorted((num - 1 - i) % num_shards * num + i for i in range(num))
    return ClipTable.of_rows(
        ClipRow(f"{i}", f"{i}", "", f"{i}.wav", "train", place // num, i, i, 1, "", (), ClipAttributes(text="a"))
        for place in places
        for i in [place % num]
    )


def run(elsewhere: frozenset[str] = frozenset(), made_before: frozenset[str] = frozenset(), **speech: str) -> Planned:
    settings = {"audio": {"resampler": "sinc"}, "speech": {"device": "cuda", "batch_size": "8", **speech}}
    return Planned(settings, {}, ["/data", "s3://b/more"], False, elsewhere, made_before=made_before)


@pytest.mark.parametrize("num_shards", [1, 3, 7])
def test_the_sample_is_even_over_the_manifest_and_the_same_whatever_the_shards_are(num_shards: int) -> None:
    assert [row.idx for row in sample(rows(10, num_shards), 4)] == [0, 2, 5, 7]
    assert [row.idx for row in sample(rows(3, num_shards), 4)] == [0, 1, 2]
    assert len(sample(rows(450, num_shards))) == 200


def test_the_command_gets_the_settings_as_they_are_pinned_and_names_as_the_list_of_clips_has_them() -> None:
    survey = format_survey(rows(2), run(dtype="bfloat16"))
    assert survey.module == "services.features.tts.precision"
    flags = dict(zip(survey.argv[::2], survey.argv[1::2], strict=False))
    assert json.loads(flags["--config"])["speech"] == {"device": "cuda", "batch_size": "8", "dtype": "bfloat16"}
    assert {"--media-root=/data", "--media-root=s3://b/more"} < set(survey.argv) and "--follow-links" not in survey.argv
    assert list(survey.lines()) == [b"0.wav\n", b"1.wav\n"]
    assert survey.doing == "trying --dtype bfloat16 on 2 clips" and survey.limit_s > 3600


@pytest.mark.parametrize(
    ("planned", "tried", "told"),
    [
        (run(), False, False),
        (run(dtype="float32"), False, False),
        (run(dtype="bfloat16"), True, False),
        (run(SPEECH, dtype="bfloat16"), False, True),
        (run(frozenset({"text"}), dtype="bfloat16"), True, False),
        (run(SPEECH), False, False),
        (run(made_before=SPEECH, dtype="float16"), False, False),
    ],
)
def test_it_is_tried_where_it_changes_codes_that_this_machine_computes_and_else_told(
    planned: Planned, tried: bool, told: bool
) -> None:
    notes = list(untried_notes(planned))
    assert (is_tried(planned), bool(notes)) == (tried, told)
    if told:
        assert "--dtype bfloat16 is not tried" in notes[0] and "python -m services.features.tts.precision" in notes[0]


def test_the_share_is_told() -> None:
    answer = {"dtype": "bfloat16", "num_clips": 200, "num_codes": 50_000, "num_changed": 105, "share": 0.0021}
    assert format_note(answer).startswith(
        "--dtype bfloat16 changes 105 of 50000 codes (0.21%) of a sample of 200 clips"
    )
