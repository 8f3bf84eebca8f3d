"""What is worth a look in a person's clip."""

from dataclasses import replace

import numpy as np
import pytest

from services.base.media.audio import AlignedSound
from services.base.media.features import AudioFeatures
from services.base.media.video import DecodeFacts, VideoInfo
from services.geometry.talker_points import TalkerPoints
from services.records.talker.flags import (
    FLAGS,
    decode_facts,
    face_facts,
    features_facts,
    flags_of,
    sound_facts,
)

GOOD = {
    "num_frames": 2000,
    "num_usable": 2000,
    "num_rows": 1999,
    "crop_outside_share": 0.05,
    "speech_s": 60.0,
    "sound_silent_share": 0.1,
    "sound_padded_start_s": 0.2,
    "sound_padded_end_s": 0.3,
    "num_held": 200,
    "num_corrupt": 0,
    "is_random": False,
}


@pytest.mark.parametrize(
    ("change", "flags"),
    [
        ({}, ()),
        ({"crop_outside_share": 0.051}, ("CROP_LEAVES_IMAGE",)),
        ({"num_usable": 1999}, ("FACE_LOST",)),
        ({"num_cuts": 1}, ("SCENE_CUT",)),
        ({"is_random": True}, ("RANDOM_WEIGHTS",)),
        ({"speech_s": 59.9}, ("LITTLE_SPEECH",)),
        ({"sound_silent_share": 1.0, "speech_s": 0.0}, ("LITTLE_SPEECH", "SILENT")),
        ({"sound_padded_end_s": 0.31}, ("SOUND_PADDED",)),
        ({"num_held": 201}, ("FRAMES_REPEATED",)),
        ({"num_corrupt": 1}, ("CORRUPT_FRAMES",)),
        ({"ended_early": True}, ("CORRUPT_FRAMES",)),
        ({"num_rows": 1990}, ("FEATURES_LENGTH",)),
    ],
)
def test_facts_raise_flags(change, flags: tuple[str, ...]) -> None:
    assert flags_of(GOOD | change) == flags
    assert set(flags) <= FLAGS.keys()


def test_what_was_not_measured_raises_none() -> None:
    assert flags_of({}) == ()


def test_the_share_beyond_the_picture_is_of_usable_frames() -> None:
    """Of three crops one is half outside, and one that is wholly so belongs to a frame without a face."""
    boxes_T3 = np.array([[0, 0, 100], [-50, 0, 100], [900, 0, 100]], np.int32)
    points = TalkerPoints(
        np.zeros((3, 110, 2), np.float32),
        np.array([1, 1, 0], np.uint8),
        np.zeros((3, 110, 2), np.int32),
        boxes_T3,
        np.array([True, True, False]),
        1,
        0,
    )
    assert face_facts(points, 640, 480) == {
        "width_px": 640,
        "height_px": 480,
        "num_usable": 2,
        "num_missing": 1,
        "num_bridged": 0,
        "num_cuts": 0,
        "crop_side_px": 100,
        "crop_outside_share": 0.25,
        "num_crops_outside": 1,
    }


def test_sound_is_told_in_seconds() -> None:
    sound = AlignedSound(
        np.zeros(32_000, np.int16), 16_000, 50, 25.0, num_cut_start=800, num_padded_end=8000, silent_share=0.25
    )
    facts = sound_facts(sound)
    assert (facts["sound_s"], facts["speech_s"]) == (2.0, 1.5)
    assert (facts["sound_cut_start_s"], facts["sound_padded_end_s"], facts["sound_padded_start_s"]) == (0.05, 0.5, 0.0)


def test_features_and_decoding_are_told() -> None:
    features = AudioFeatures("hubert", "seeded:0", np.zeros((7, 2, 1024), np.float32), 25.0, {"layer": 24})
    assert features_facts(features) == {
        "asr_model": "hubert",
        "asr_weights": "seeded:0",
        "num_rows": 7,
        "is_random": True,
        "asr_layer": 24,
    }
    info = VideoInfo(640, 480, 90, 29.97, 0, 1.0, "h264", "yuv420p")
    assert decode_facts(None, info) == {"source_fps": 29.97, "codec": "h264", "rotation_deg": 90}
    decoded = DecodeFacts(10, num_decoded=9, num_held=1)
    assert decode_facts(decoded, info)["source_fps"] == 29.97
    assert decode_facts(replace(decoded, rate_hz=24.0), info)["source_fps"] == 24.0
    assert decode_facts(None, None) == {}
