"""A clip through a bundle whose network knows the mouth by its grey: what is cropped, what is read, and when."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.clip import Clip, ClipAttributes, Media
from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import topology
from services.base.media.video import DecodeFacts, FrameChunk
from services.base.stage.spec import ClipJob
from services.geometry.mouth_window import profile_named
from services.lipreading.spec import LipreadingConfig
from services.lipreading.stage import ReadingOfClip, open_stage, places_at
from services.lips.bundle import card_file, card_of
from services.lips.language_model.arpa import arpa_file
from services.lips.language_model.witten_bell import witten_bell
from services.records.grid.spec import RecordsConfig
from services.records.grid.stage import open_stage as open_records
from services.records.lips.spec import LipsFilesConfig
from services.records.lips.stage import open_stage as open_lips_records

MOUTH = profile_named("fixed-scale")


def chunk(greys: list[int], height_px: int = 50, width_px: int = 100, fps: float = 25.0) -> FrameChunk:
    shape = (len(greys), height_px, width_px, 3)
    frames_THWC = np.broadcast_to(np.array(greys, np.uint8)[:, None, None, None], shape).copy()
    return FrameChunk(0, frames_THWC, np.arange(len(greys)) / fps)


def begin(bundle: Path, **settings: Any) -> Any:
    job = ClipJob(Clip(key="s1/a", utterance_id="a", speaker_id="", media="a.mpg"), Media.of_bytes("a.mpg", b""))
    return open_stage(LipreadingConfig(bundle=str(bundle), **settings))(job, None)


@pytest.mark.parametrize("beam_width", [1, 20])
def test_it_tells_the_text_and_when_each_character_was_seen(bundle: Path, beam_width: int) -> None:
    reading = begin(bundle, cropped=True, beam_width=beam_width)
    reading.push(chunk([125, 250, 125, 0, 125]))
    found = reading.finish({})
    assert (found.text, found.times_s_L.tolist()) == ("ab", [0.04, 0.12])
    assert found.probs_L.min() > 0.9 and found.num_frames == 5


def test_a_language_model_takes_part(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "lm.arpa").write_bytes(arpa_file(witten_bell(["ba"], 3, "ab")))
    found = []
    for settings in ({}, {"lm_weight": 0.0}, {"lm_weight": 20.0}):
        reading = begin(bundle, cropped=True, lm=str(tmp_path / "lm.arpa") if settings else "", **settings)
        reading.push(chunk([125, 250, 125, 0, 125]))
        found.append(reading.finish({}))
    assert [one.text for one in found[:2]] == ["ab", "ab"] and found[2].text != "ab"
    assert found[0].log_prob == found[1].log_prob > found[2].log_prob


def test_a_clip_of_twice_the_rate_is_read_at_the_same_times(bundle: Path) -> None:
    reading = begin(bundle, cropped=True)
    reading.push(chunk([125, 125, 250, 250, 125, 125, 0, 0, 125, 125], fps=50.0))
    found = reading.finish({})
    assert (found.text, found.times_s_L.tolist(), found.num_frames) == ("ab", [0.04, 0.12], 5)


def test_mouths_are_cropped_as_records_have_them(bundle: Path) -> None:
    made = np.random.default_rng(0)
    frames_THWC = made.integers(0, 256, (6, 120, 160, 3), np.uint8)
    points_TNC = made.uniform(40, 90, (6, topology("ibug-68").num_points, 2)).astype(np.float32)
    sources_T = np.full(6, PointSource.DETECTED, np.uint8)
    landmarks = Landmarks("ibug-68", points_TNC, np.ones(6, np.float32), sources_T, 160, 120)
    frames = FrameChunk(0, frames_THWC, np.arange(6) / 25)
    clip = Clip(key="s1/a", utterance_id="a", speaker_id="s1", media="a.mpg")
    job = ClipJob(clip, Media.of_bytes("a.mpg", b""), {"align": b"0 6000 bin\n"})
    recording = open_records(RecordsConfig(max_frames=8))(job, None)
    recording.push(frames)
    (file,) = recording.finish({"landmarks": landmarks}).files
    reading: ReadingOfClip = begin(bundle)
    reading.push(frames)
    mouths_THWC = reading.mouths(landmarks)
    assert mouths_THWC.shape == (6, 50, 100, 3) and mouths_THWC.std() > 0
    assert mouths_THWC.tobytes() in b"".join(bytes(piece) for piece in file.pieces)


def test_of_a_lipreader_of_grey_records_they_are_grey_as_these(bundle: Path) -> None:
    card = card_of((bundle / "card.json").read_bytes())
    (bundle / "card.json").write_bytes(card_file(dataclasses.replace(card, grey=True)))
    made = np.random.default_rng(0)
    frames_THWC = made.integers(0, 256, (6, 120, 160, 3), np.uint8)
    points_TNC = made.uniform(40, 90, (6, topology("ibug-68").num_points, 2)).astype(np.float32)
    sources_T = np.full(6, PointSource.DETECTED, np.uint8)
    landmarks = Landmarks("ibug-68", points_TNC, np.ones(6, np.float32), sources_T, 160, 120)
    frames = FrameChunk(0, frames_THWC, np.arange(6) / 25)
    clip = Clip("a", "a", "s", "a.mp4", attributes=ClipAttributes("文", "zh"))
    recording = open_lips_records(LipsFilesConfig(profile="fixed-scale"))(
        ClipJob(clip, Media.of_bytes("a.mp4", b"")), None
    )
    recording.push(frames)
    (file,) = recording.finish({"landmarks": landmarks, "facts": DecodeFacts(6)}).files
    reading: ReadingOfClip = begin(bundle)
    reading.push(frames)
    mouths_THWC = reading.mouths(landmarks)
    assert (mouths_THWC[..., :1] == mouths_THWC).all() and mouths_THWC.std() > 0
    assert mouths_THWC[..., 0].tobytes() in b"".join(bytes(piece) for piece in file.pieces)


@pytest.mark.parametrize(
    ("settings", "greys", "size", "reason"),
    [
        ({"cropped": True}, [1], (60, 100), "NOT_A_MOUTH"),
        ({"cropped": True, "max_frames": 2}, [1, 2, 3], (50, 100), "TOO_MANY_FRAMES"),
    ],
)
def test_frames_that_it_cannot_read_are_refused(
    bundle: Path, settings: dict[str, Any], greys: list[int], size: tuple[int, int], reason: str
) -> None:
    with pytest.raises(BadInput) as refused:
        begin(bundle, **settings).push(chunk(greys, *size))
    assert refused.value.reason == reason


def test_a_time_far_ahead_asks_for_no_more_frames_than_are_allowed() -> None:
    assert len(places_at([0.0, 1e9], 25.0, 10)) == 10


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("present", [False, True])
def test_mouths_are_recognised_and_said(bundle: Path, scale: int, present: bool) -> None:
    reading = begin(bundle)
    reading.push(chunk([125, 250, 125, 0, 125], 50 * scale, 100 * scale))
    source = PointSource.DETECTED if present else PointSource.MISSING
    points_TNC = np.full((5, topology("ibug-68").num_points, 2), 30 if present else np.nan, np.float32)
    points_TNC[:, :, 0] += np.linspace(0, 30, points_TNC.shape[1])
    score_T, sources_T = np.full(5, float(present), np.float32), np.full(5, source, np.uint8)
    landmarks = Landmarks("ibug-68", points_TNC, score_T, sources_T, 100 * scale, 50 * scale)
    found = reading.finish({"landmarks": landmarks})
    assert found.cropped is (scale == 1 or not present)
    assert found.summary()["cropped"] is found.cropped
    if found.cropped:
        assert found.text == "ab"
