"""The stage of a sound without pictures."""

from services.audio.aligned.spec import SPEC as ALIGNED
from services.audio.voice.spec import SPEC


def test_it_makes_what_the_sound_of_pictures_is_of_the_waveform_alone():
    assert SPEC.writes == ALIGNED.writes and SPEC.artifacts == ALIGNED.artifacts
    assert SPEC.reads == ("waveform",)
