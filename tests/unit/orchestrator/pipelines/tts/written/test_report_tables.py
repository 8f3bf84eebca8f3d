"""Tables of the report: hours by language and speaker, lengths beside the model's limits, the worst clips."""

import tracemalloc

import pytest

from orchestrator.pipelines.tts.written.report_tables import report_tables
from orchestrator.report.page import Findings, page
from orchestrator.runs.commits.packed import PackedLines
from services.base.run.manifest import ClipRow
from services.base.run.spec import PinnedStage, RunSpec

SPEC = RunSpec("r", "tts", "d" * 64, (PinnedStage("ttsfiles", {"max_codes": 100}),), "in", "out", 1, 3, "0" * 64, {})


def clip(key, language="am", *, duration_s=3600.0, num_text_ids=10, num_codes=50, flags=(), **more):
    found = {"key": key, "language": language, "duration_s": duration_s, "num_text_ids": num_text_ids}
    return {**found, "num_codes": num_codes, "flags": list(flags), "text": f"text of {key}", **more}


def tables_of(*quality, speakers=None):
    rows = [
        ClipRow(one["key"], one["key"], (speakers or {}).get(one["key"], "abebe"), "a.wav", "train", 0, i, i, 1, "v")
        for i, one in enumerate(quality)
    ]
    return {table.title: table for table in report_tables(SPEC, quality, rows)}


def test_every_row_has_a_text_for_each_head():
    for table in tables_of(clip("a"), clip("b", "en", flags=("CLIPPED",))).values():
        assert all(len(row) == len(table.heads) for row in table.rows), table.title


def test_languages_have_their_hours_and_their_share_of_unknown_tokens():
    rows = tables_of(
        clip("a", num_text_ids=30, num_unknown=3, unknown="ሰላ"),
        clip("b", num_unknown=1, unknown="ሰ"),
        clip("c", "en", duration_s=1800.0),
    )["Languages"].rows
    assert rows == (
        ("am", "2", "2.00", "40", "10.00%", "ሰ ላ"),
        ("en", "1", "0.50", "10", "0.00%", ""),
        ("all", "3", "2.50", "", "", ""),
    )


def test_speakers_by_hours_and_those_with_one_clip():
    quality = [clip("a"), clip("b"), clip("c", duration_s=36.0)]
    rows = tables_of(*quality, speakers={"c": ""})["Speakers"].rows
    assert rows[:2] == (("abebe", "2", "2.00"), ("(none)", "1", "0.0100"))
    assert rows[2][1] == "1"


def test_many_speakers_are_cut_short():
    quality = [clip(f"c{i:02d}", duration_s=3600.0 + i) for i in range(25)]
    rows = tables_of(*quality, speakers={one["key"]: one["key"] for one in quality})["Speakers"].rows
    assert len(rows) == 22
    assert rows[0][0] == "c24"
    assert rows[20][:2] == ("5 others", "5")


def test_lengths_stand_beside_the_models_limits():
    quality = [clip(str(i), num_codes=i, num_text_ids=i * 10) for i in range(1, 102)]
    rows = {row[0]: row[1:] for row in tables_of(*quality)["Lengths"].rows}
    assert rows["codes"] == ("1", "51", "96", "101", "100", "1")
    assert rows["text ids"][-2:] == ("600", "41")
    assert rows["seconds"][-2:] == ("", "")


def test_the_worst_clips_have_the_most_flags_that_not_every_clip_has():
    quality = [clip(str(i), flags=("RANDOM_WEIGHTS",)) for i in range(30)]
    quality[7]["flags"] += ["CLIPPED", "SILENT"]
    quality[3]["flags"] += ["CLIPPED"]
    quality[3]["text"] = "x" * 100
    (first, second) = tables_of(*quality)["Worst clips"].rows
    assert first == ("7", "CLIPPED, SILENT", "3600.0", "text of 7")
    assert second == ("3", "CLIPPED", "3600.0", "x" * 80 + "…")
    assert "Worst clips" not in tables_of(*(clip(str(i)) for i in range(3)))


def test_nothing_is_said_of_nothing():
    assert tables_of() == {}


def test_facts_in_another_order_than_the_clips_are_refused():
    rows = [ClipRow(key, key, "s", "a.wav", "train", 0, i, i, 1, "v") for i, key in enumerate("ab")]
    assert report_tables(SPEC, [clip("b")], rows), "clips without facts were left out"
    with pytest.raises(ValueError, match="facts of a come where no clip"):
        report_tables(SPEC, [clip("b"), clip("a")], rows)


def test_of_very_many_clips_no_table_holds_the_facts():
    """As Python's objects they are 6.6 MB."""
    num_clips = 6_000
    quality = PackedLines(clip(f"{i:06d}", num_codes=i, num_unknown=i % 3, peak=i / 7) for i in range(num_clips))
    rows = (ClipRow(f"{i:06d}", "", f"s{i % 9}", "a.wav", "train", 0, i, i, 1, "v") for i in range(num_clips))
    tracemalloc.start()
    report_tables(SPEC, quality, rows)
    page(Findings(SPEC, True, [], quality, []))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 4e6, peak_bytes
