"""Whether a record's places are its words' times."""

from __future__ import annotations

import pytest

from services.base.media.video import DecodeFacts, TimeHole, VideoInfo
from services.formats.align import parse_align
from services.records.grid.timing import timing_of, word_frames

ALIGN = parse_align(b"0 25000 sil\n25000 50000 bin\n50000 74500 sil\n")


def timing(num_frames: int = 75, *, by_time: bool = True, **facts: object):
    return timing_of(ALIGN, 25_000, num_frames, by_time=by_time, facts=DecodeFacts(num_frames, **facts), info=None)


@pytest.mark.parametrize(
    ("rate_hz", "is_other"), [(25.0, False), (25.1, False), (24.9, False), (0.0, False), (23.976, True), (50.0, True)]
)
def test_another_rate_than_25_hz_is_told_and_jitter_is_none(rate_hz: float, is_other: bool) -> None:
    assert timing(rate_hz=rate_hz).is_other_rate is is_other


@pytest.mark.parametrize(
    ("num_frames", "by_time", "rate_hz", "is_cut"),
    [
        pytest.param(75, True, 25.0, False, id="the whole sentence"),
        pytest.param(50, True, 25.0, False, id="up to the end of its last word"),
        pytest.param(49, True, 25.0, False, id="a frame less, which is how exact words are"),
        pytest.param(48, True, 25.0, True, id="two frames less"),
        pytest.param(75, True, 50.0, False, id="75 places are three seconds"),
        pytest.param(75, False, 50.0, True, id="75 frames of 50 Hz by index are one and a half"),
        pytest.param(75, False, 25.0, False, id="by index from 25 Hz"),
        pytest.param(75, False, 0.0, False, id="an unknown rate is taken for GRID's"),
        pytest.param(0, True, 25.0, True, id="no frame at all"),
    ],
)
def test_words_behind_the_cut(num_frames: int, by_time: bool, rate_hz: float, is_cut: bool) -> None:
    assert timing(num_frames, by_time=by_time, rate_hz=rate_hz).is_label_cut is is_cut


@pytest.mark.parametrize(
    ("hole", "by_time", "expected"),
    [
        pytest.param(TimeHole(1.0, 0.6), True, ((25, 15),), id="where and how many"),
        pytest.param(TimeHole(2.8, 5.0), True, ((70, 5),), id="to the record's end at most"),
        pytest.param(TimeHole(3.0, 1.0), True, (), id="behind the record it is none of it"),
        pytest.param(TimeHole(1.0, 0.01), True, (), id="less than half a place is none"),
        pytest.param(TimeHole(1.0, 0.6), False, ((25, 15),), id="by index it has a place, which is closed"),
    ],
)
def test_holes_are_places_of_the_record(hole: TimeHole, by_time: bool, expected: tuple) -> None:
    assert timing(by_time=by_time, rate_hz=25.0, holes=(hole,)).holes == expected


@pytest.mark.parametrize(
    ("duration_s", "hole", "expected"),
    [
        pytest.param(2.4, TimeHole(-0.6, 0.6), ((-15, 15),), id="the align counts from before the first frame"),
        pytest.param(3.0, TimeHole(-0.6, 0.6), (), id="the align is as long as the frames"),
        pytest.param(3.0, TimeHole(-5.0, 5.0), (), id="cut from a longer recording, times kept"),
    ],
)
def test_a_late_start_is_a_hole_where_the_align_counts_it(duration_s: float, hole: TimeHole, expected: tuple) -> None:
    assert timing(num_frames=60, rate_hz=25.0, duration_s=duration_s, holes=(hole,)).holes == expected


def test_without_a_measured_rate_the_declared_one_counts() -> None:
    info = VideoInfo(360, 288, 0, 50.0, 0, 0.0, "h264", "yuv420p")
    found = timing_of(ALIGN, 25_000, 75, by_time=False, facts=None, info=info)
    assert (found.source_rate_hz, found.is_label_cut) == (50.0, True)
    assert timing_of(ALIGN, 25_000, 75, by_time=False, facts=None, info=None).source_rate_hz == 0.0


@pytest.mark.parametrize(
    ("align", "ticks_per_s", "expected"),
    [
        pytest.param(b"0 25000 sil\n25000 50000 Bin\n", 25_000, [("bin", 25, 50)], id="1000 ticks are a frame"),
        pytest.param(b"0 25499 bin\n25499 25500 at\n", 25_000, [("bin", 0, 25), ("at", 25, 26)], id="to the nearest"),
        pytest.param(b"0 1000 bin\n1000 1010 at\n", 1_000, [("bin", 0, 25), ("at", 25, 26)], id="a frame at least"),
        pytest.param(b"0 2000 bin blue\n", 1_000, [("bin", 0, 50), ("blue", 0, 50)], id="a row of two words"),
        pytest.param(b"0 9000 sil\n9000 9500 bin\n", 1_000, [("bin", 225, 238)], id="behind any record's end"),
    ],
)
def test_words_in_frames_of_the_record(align: bytes, ticks_per_s: int, expected: list[tuple[str, int, int]]) -> None:
    assert word_frames(parse_align(align), ticks_per_s, by_time=True, facts=None, info=None) == expected


def test_by_index_a_words_frames_are_those_of_the_videos_own_rate() -> None:
    facts = DecodeFacts(75, rate_hz=50.0)
    assert word_frames(ALIGN, 25_000, by_time=False, facts=facts, info=None) == [("bin", 50, 100)]
    assert word_frames(ALIGN, 25_000, by_time=True, facts=facts, info=None) == [("bin", 25, 50)]
