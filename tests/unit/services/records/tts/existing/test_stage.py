"""Files that are taken stand for what the filterbank and the networks would make; of others it says why."""

import io
import wave

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.base.media.clip import Clip, Media
from services.base.media.features import num_stacked_frames
from services.base.media.tokens import TextIds
from services.base.stage.existing import EXISTING, Existing
from services.base.stage.spec import ClipJob
from services.containers.audio.sinc import resampled_by_sinc
from services.features.fbank.spec import SPEC as FBANK
from services.features.tts.spec import SPEC as SPEECH
from services.formats.npy import encode_npy
from services.records.tts.existing.spec import TtsExistingConfig
from services.records.tts.existing.stage import num_codes_of, open_stage

IDS = np.array([3, 4], np.int32)
NUM_SAMPLES, RATE_HZ, NUM_CODES = 22_050, 22_050, 49


def wav(num_samples=NUM_SAMPLES, rate_hz=RATE_HZ) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(bytes(2 * num_samples))
    return out.getvalue()


def look(tmp_path, num_codes=NUM_CODES, media=None, only=None, meta=None):
    config = tmp_path / "config.yaml"
    config.write_text("gpt: {model_dim: 12}")
    files = {
        "text_ids": encode_npy(IDS),
        "codes": encode_npy(np.arange(num_codes, dtype=np.int32)),
        "condition": encode_npy(np.ones((32, 12), np.float32)),
        "emo_vec": encode_npy(np.ones(12, np.float32)),
    }
    extras = {name: files[name] for name in (files if only is None else only)}
    extras |= {} if meta is None else {"meta": meta}
    job = ClipJob(Clip("x", "x", "s", "x.wav"), Media.of_bytes("x.wav", wav() if media is None else media), extras)
    begin = open_stage(TtsExistingConfig(str(config)))
    return begin(job, None).finish({"text_ids": TextIds(IDS, "x")})


def test_files_that_are_taken_stand_for_all_that_is_made_of_the_sound(tmp_path):
    found = look(tmp_path)
    assert found[EXISTING] == Existing(is_taken=True)
    assert {*FBANK.writes, *SPEECH.writes} <= found.keys()
    assert len(found["speech_features"].codes_L) == NUM_CODES
    assert found["sound"].duration_s == found["audio_facts"].duration_s == 1.0


def test_of_a_sound_that_is_not_decoded_nothing_is_said_of_its_samples(tmp_path):
    sound = look(tmp_path)["sound"]
    assert (sound.peak, sound.clipped_share, sound.silent_share) == (None, None, None)


def test_features_of_an_output_of_random_weights_stay_so(tmp_path):
    assert not look(tmp_path)["speech_features"].is_random
    meta = b'{"models": {"gpt_checkpoint": "seeded:0"}}'
    assert look(tmp_path, meta=meta)["speech_features"].sources == {"gpt_checkpoint": "seeded:0"}
    assert look(tmp_path, meta=meta, only=()) == {EXISTING: Existing()}


def test_padded_codes_are_not_taken(tmp_path):
    assert look(tmp_path, num_codes=NUM_CODES + 3) == {EXISTING: Existing(why="codes: 52, and the sound has 49")}


def test_without_files_no_sound_is_opened(tmp_path):
    assert look(tmp_path, media=b"no sound", only=()) == {EXISTING: Existing()}


def test_of_a_sound_that_cannot_be_read_nothing_is_taken(tmp_path):
    assert "its sound cannot be read" in look(tmp_path, media=b"no sound")[EXISTING].why


@pytest.mark.parametrize(
    ("num_samples", "rate_hz", "num_codes"),
    [(16_000, 16_000, 49), (48_000, 48_000, 49), (24_000, 24_000, 49), (441_000, 44_100, 499), (0, 8000, 0)],
)
def test_the_number_of_codes_follows_from_samples_and_rate(num_samples, rate_hz, num_codes):
    assert num_codes_of(num_samples, rate_hz) == num_codes


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 24_000, 44_100])
@pytest.mark.parametrize("num_samples_16k", [719, 720, 721, 1_040, 1_041])
def test_it_is_that_of_the_sound_as_it_is_resampled(num_samples_16k, rate_hz):
    num_samples = num_samples_16k * rate_hz // 16_000
    pieces = iter([np.zeros((num_samples, 1), np.float32)])
    made = resampled_by_sinc(resampled_by_sinc(pieces, rate_hz, 24_000), 24_000, 16_000)
    assert num_codes_of(num_samples, rate_hz) == num_stacked_frames(sum(map(len, made)))


def test_a_config_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(BadConfig, match="give the config") as caught:
        open_stage(TtsExistingConfig(str(tmp_path / "none.yaml")))
    assert caught.value.reason == "BAD_MODEL_CONFIG"
