import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from services.base.media.points import Landmarks, PointSource
from services.base.media.video import DecodeFacts, TimeHole, VideoInfo
from services.formats.align import parse_align
from services.lips.crops import Crops
from services.records.frame_quality import FrameFacts
from services.records.grid.labels import encode_words
from services.records.grid.quality import FLAGS, SERIOUS, ClipFindings, clip_quality, flags_of

NUM_FRAMES = 75
INFO = VideoInfo(360, 288, 0, 25.0, 75, 2.98, "mpeg1video", "yuv420p")
SENTENCE = (
    b"0 23750 sil\n23750 30000 bin\n30000 35000 blue\n35000 40000 at\n"
    b"40000 45000 f\n45000 50000 two\n50000 55000 now\n55000 74500 sil\n"
)


def findings(
    face: Landmarks,
    align: bytes = SENTENCE,
    grey: int = 0,
    dark: int = 0,
    frozen: int = 0,
    num_frames: int = NUM_FRAMES,
    **changes: Any,
) -> ClipFindings:
    grey_T, light_T, frozen_T = np.zeros(num_frames), np.full(num_frames, 150.0), np.zeros(num_frames, bool)
    grey_T[:grey], light_T[:dark], frozen_T[:frozen] = 0.6, 3.0, True
    parsed = parse_align(align)
    found = ClipFindings(
        "bbaf2n",
        NUM_FRAMES,
        FrameFacts(grey_T, light_T, frozen_T, frozen_T),
        face,
        Crops((1.8, 1.8), (1.6, 2.6)),
        parsed,
        encode_words(parsed.words),
        INFO,
        DecodeFacts(num_frames),
    )
    return dataclasses.replace(found, **changes)


def flags(found: ClipFindings) -> tuple[str, ...]:
    return flags_of(clip_quality(found))


def with_word(word: bytes) -> bytes:
    return SENTENCE.replace(b"two", word)


@pytest.fixture
def face(make_face) -> Landmarks:
    return make_face([(180.0, 180.0)] * NUM_FRAMES)


def lost(face: Landmarks, num_frames: int, source: PointSource = PointSource.MISSING) -> Landmarks:
    source_T = face.source_T.copy()
    source_T[20 : 20 + num_frames] = source
    return dataclasses.replace(face, source_T=source_T)


def wild(face: Landmarks) -> Landmarks:
    """Upside down, and from the 10th frame on far outside of the frame."""
    points_TNC = -face.points_TNC + np.float32(360)
    points_TNC[10:] += 1000
    return dataclasses.replace(face, points_TNC=points_TNC)


def test_a_good_clip_has_no_flags_and_says_what_was_seen(face) -> None:
    quality = clip_quality(findings(face))
    assert flags_of(quality) == ()
    assert quality["transcript"] == "bin blue at f two now"
    assert quality["words"][:2] == [["bin", 24, 30], ["blue", 30, 35]]
    assert (quality["align_ticks_per_s"], quality["align_end_s"], quality["stem_matches"]) == (25_000, 2.98, True)
    assert (quality["num_frames"], quality["num_faces_detected"]) == (75, 75)
    assert quality["crop_scale_y"] == [1.6, 2.6]


def test_facts_are_plain_json(face) -> None:
    quality = clip_quality(findings(face, grey=3))
    assert json.loads(json.dumps(quality, allow_nan=False)) == quality


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"grey": 12}, ("GREY_FRAMES",)),
        ({"dark": 1}, ("DARK_FRAMES",)),
        ({"frozen": 2}, ("FROZEN_FRAMES",)),
        ({"frozen": 5}, ("FROZEN_FRAMES",)),
        ({"frozen": 6}, ("FROZEN_FRAMES", "FROZEN_LONG")),
        ({"num_frames": 74}, ("SHORT_CLIP",)),
        ({"facts": DecodeFacts(75, warnings=("ac-tex damaged",))}, ("DECODER_WARNINGS",)),
        ({"facts": DecodeFacts(75, num_corrupt=1)}, ("CORRUPT_FRAMES",)),
        ({"facts": DecodeFacts(75, ended_early=True)}, ("CORRUPT_FRAMES",)),
        ({"facts": DecodeFacts(75, truncated=True)}, ("FRAMES_CUT",)),
        ({"facts": DecodeFacts(90)}, ("FRAMES_CUT",)),
        ({"facts": DecodeFacts(75, num_hidden=75)}, ()),
        ({"facts": DecodeFacts(75, num_lost=12)}, ("FRAMES_LOST",)),
        ({"facts": DecodeFacts(75, num_restarts=1)}, ("TIMES_RESTART",)),
        ({"facts": DecodeFacts(75, num_interlaced=75)}, ("INTERLACED",)),
        ({"facts": DecodeFacts(75, duration_s=3.0), "info": dataclasses.replace(INFO, duration_s=1e12)}, ()),
        ({"facts": DecodeFacts(75, duration_s=9.0)}, ("ALIGN_TIME_MISMATCH",)),
        ({"facts": DecodeFacts(75, rate_hz=50.0)}, ("OTHER_RATE",)),
        ({"facts": DecodeFacts(75, rate_hz=25.1)}, ()),
        ({"facts": DecodeFacts(75, rate_hz=50.0), "by_time": False}, ("INDEX_IS_NO_TIME", "LABEL_CUT")),
        ({"facts": DecodeFacts(75, rate_hz=15.0), "by_time": False}, ("INDEX_IS_NO_TIME",)),
        ({"facts": DecodeFacts(75, rate_hz=25.0), "by_time": False}, ()),
        ({"facts": DecodeFacts(75, rate_hz=25.0, holes=(TimeHole(1.0, 0.12),))}, ("MISSING_FRAMES",)),
        ({"facts": DecodeFacts(75, rate_hz=25.0, holes=(TimeHole(1.0, 0.6),))}, ("LONG_HOLE", "MISSING_FRAMES")),
        (
            {"facts": DecodeFacts(75, rate_hz=25.0, duration_s=2.6, holes=(TimeHole(-0.4, 0.4),))},
            ("LONG_HOLE", "MISSING_FRAMES"),
        ),
        (
            {"facts": DecodeFacts(75, rate_hz=25.0, holes=(TimeHole(1.0, 0.04),)), "by_time": False},
            ("INDEX_IS_NO_TIME", "MISSING_FRAMES"),
        ),
        ({"info": dataclasses.replace(INFO, num_video_streams=2)}, ("SEVERAL_VIDEOS",)),
        ({"facts": None}, ()),
        ({"info": None}, ()),
        ({"info": dataclasses.replace(INFO, duration_s=9.0)}, ("ALIGN_TIME_MISMATCH",)),
        ({"align": with_word(b"six")}, ("STEM_MISMATCH",)),
        ({"align": with_word(b"six"), "utterance_id": "clip_7"}, ()),
        ({"align": with_word(b"two.")}, ("CHARACTERS_DROPPED", "STEM_MISMATCH")),
        ({"align": with_word(b"twoooooooooooooooo")}, ("LABEL_TRUNCATED", "STEM_MISMATCH")),
        ({"align": with_word(b"26"), "utterance_id": "x"}, ("CHARACTERS_DROPPED", "WORDS_DROPPED")),
        ({"align": b"0 74500 sil", "utterance_id": "x"}, ("EMPTY_LABEL",)),
        (
            {"align": "0 30000 안녕\n30000 74500 하세요".encode(), "utterance_id": "x"},
            ("CHARACTERS_DROPPED", "EMPTY_LABEL", "WORDS_DROPPED"),
        ),
    ],
)
def test_each_fact_raises_its_flag(face, changes: Mapping[str, Any], expected: tuple[str, ...]) -> None:
    assert flags(findings(face, **changes)) == expected


def test_too_few_frames_for_the_label_is_ctc_infeasible(face) -> None:
    assert flags(findings(face, num_frames=20)) == ("CTC_INFEASIBLE", "LABEL_CUT", "SHORT_CLIP")


def test_milliseconds_are_recognised_by_the_duration(face) -> None:
    align = b"0 1000 sil\n1000 2980 hello\n"
    quality = clip_quality(findings(face, align=align, utterance_id="x"))
    assert (quality["align_ticks_per_s"], quality["align_end_s"]) == (1_000, 2.98)
    assert flags_of(quality) == ()


def test_the_duration_comes_from_the_frames_where_none_is_declared(face) -> None:
    undeclared = dataclasses.replace(INFO, duration_s=0.0)
    assert clip_quality(findings(face, info=undeclared))["duration_s"] == 3.0
    unknown = dataclasses.replace(undeclared, fps_hz=0.0)
    assert flags(findings(face, info=unknown)) == ()


@pytest.mark.parametrize("source", [PointSource.MISSING, PointSource.INTERPOLATED])
def test_lost_faces_are_counted_and_long_losses_told(face, source: PointSource) -> None:
    short, long = findings(lost(face, 15, source)), findings(lost(face, 16, source))
    assert clip_quality(short)["longest_loss_frames"] == 15
    assert flags(short) == ("FACE_LOST",)
    assert flags(long) == ("FACE_LOST", "FACE_LOST_LONG")


def test_a_loss_after_the_records_end_does_not_count(face) -> None:
    assert "FACE_LOST" not in flags(findings(lost(face, 3), num_frames=20))


def test_a_rate_that_nothing_states_is_told_and_is_not_serious(face) -> None:
    assert flags(findings(face, rate_is_assumed=True)) == ("RATE_ASSUMED",)
    assert "RATE_ASSUMED" not in SERIOUS
    assert "rate_is_assumed" not in clip_quality(findings(face))


def test_every_flag_is_explained_and_every_serious_one_is_a_flag(face) -> None:
    assert set(SERIOUS) <= set(FLAGS)
    everything = findings(
        lost(face, 16),
        align=with_word(b"two" + b"o" * 30).replace(b"now", b"26"),
        grey=1,
        dark=1,
        frozen=6,
        num_frames=36,
        info=dataclasses.replace(INFO, duration_s=9.0, num_video_streams=2),
        facts=DecodeFacts(80, num_corrupt=1, num_interlaced=1, num_lost=1, num_restarts=1, warnings=("x",)),
    )
    nothing_said = findings(face, align=b"0 74500 sil", num_frames=0)
    hole = TimeHole(1.0, 0.6)
    by_time = findings(wild(face), facts=DecodeFacts(75, rate_hz=50.0, holes=(hole,)))
    by_index = findings(face, facts=DecodeFacts(75, rate_hz=50.0, holes=(hole,)), by_time=False)
    pictures = findings(face, rate_is_assumed=True)
    raised = {flag for found in (everything, nothing_said, by_time, by_index, pictures) for flag in flags(found)}
    assert raised | {"CTC_INFEASIBLE", "FACE_DOUBTFUL"} == set(FLAGS)
