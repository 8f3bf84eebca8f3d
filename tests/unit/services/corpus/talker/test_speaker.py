"""The speaker of a talking head: what he says when, and that any part of his pictures can be drawn alone."""

import numpy as np

from services.corpus.audio import SAMPLE_RATE_HZ, voice_samples
from services.corpus.drawing.frames import Actor, Motion, draw_frames, draw_part
from services.corpus.drawing.look import look_of
from services.corpus.drawing.mouth import MouthPose
from services.corpus.drawing.pool import DrawingPool
from services.corpus.talker.speaker import Speech, talker_files
from services.corpus.visemes import VISEMES, Sound

SPEECH = Speech.of("x", 120, 5.0)


def test_he_speaks_for_more_than_a_minute_of_two_and_is_silent_at_both_ends() -> None:
    assert SPEECH.sentences[0].start_s == 5.0
    assert 110 < SPEECH.sentences[-1].end_s <= 115
    assert sum(one.sounds[-1].end_s for one in SPEECH.sentences) > 70
    shut = [pose.opening for pose in [*SPEECH.poses(0, 120), *SPEECH.poses(2880, 3000)]]
    assert max(shut) < 0.02
    assert max(pose.opening for pose in SPEECH.poses(125, 500)) > 0.7


def test_between_sentences_the_mouth_shuts_and_the_voice_rests() -> None:
    speech = Speech.of("x", 20, 2.0)
    samples = np.abs(speech.samples(110).astype(int))
    for before, after in zip(speech.sentences, speech.sentences[1:], strict=False):
        middle_s = (before.end_s + after.start_s) / 2
        frame = round(middle_s * 25)
        assert speech.poses(frame, frame + 1)[0].opening < 0.05
        quiet = samples[round(before.end_s * SAMPLE_RATE_HZ) : round(after.start_s * SAMPLE_RATE_HZ)]
        assert 0 < quiet.max() < 20
    assert 3000 < samples.max() <= 8200


def test_other_seeds_say_something_else() -> None:
    assert Speech.of("x", 120, 5.0) == SPEECH
    assert Speech.of("y", 120, 5.0).sentences != SPEECH.sentences


def _spectrum(name: str, pitch_hz: float) -> np.ndarray:
    """Share of each of the 16 half kHz of a sound that is held for half a second."""
    samples = voice_samples([Sound(VISEMES[name], 0, 0.5)], pitch_hz, SAMPLE_RATE_HZ // 2, "x", clear=True)
    power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    bands = power[:4000].reshape(16, 250).sum(1)
    return np.asarray(bands / bands.sum())


def test_a_clear_voice_tells_hisses_and_vowels_apart_whatever_its_pitch() -> None:
    for pitch_hz in (105, 190):
        heard = {name: _spectrum(name, pitch_hz) for name in "FSCOAEI"}
        for name in "FSCOAEI":
            others = [np.abs(heard[name] - heard[other]).sum() / 2 for other in heard if other != name]
            assert min(others) > 0.1, name
    assert _spectrum("C", 105)[3:8].sum() > _spectrum("C", 105)[10:].sum()
    assert _spectrum("S", 105)[3:8].sum() < _spectrum("S", 105)[10:].sum()


def test_a_part_of_a_clip_is_drawn_as_in_the_whole() -> None:
    actor = Actor.of(look_of(0, 1))
    poses = [MouthPose(i / 6, 0, 0) for i in range(6)]
    whole = list(draw_frames(actor, poses, "x"))
    motion = Motion.of(actor.look, 6, "x")
    np.testing.assert_array_equal(list(draw_part(actor, poses[2:5], motion, 2)), whole[2:5])


def test_a_large_look_is_the_same_speaker_in_a_square() -> None:
    look = look_of(0, 1).in_square(512)
    (frame,) = draw_part(Actor.of(look), [MouthPose(0, 0, 0)], Motion.of(look, 1, "x"), 0)
    assert frame.shape == (512, 512, 3)
    # From the crown to below what a crop of the lower face holds.
    assert look.eyes_y_px - 1.5 * look.size_px > 0
    assert look.eyes_y_px + 2.4 * look.size_px < 512


def test_files_are_listed_with_their_faults() -> None:
    files = list(talker_files(0, 12, 2, DrawingPool(1), broken=True))
    assert [(path, reason) for path, _, _, reason in files] == [
        ("talker.mp4", ""),
        ("held-out/clip_01.mp4", ""),
        ("held-out/clip_02.mp4", ""),
        ("other-sentences.wav", ""),
        ("other-voice.wav", ""),
        ("broken/mute.mp4", "NO_AUDIO"),
        ("broken/note.mp4", "OPEN_FAILED"),
    ]
