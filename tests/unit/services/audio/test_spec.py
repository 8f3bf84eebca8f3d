"""What decides the samples of the audio stage, and what decides only which clips come out."""

from services.audio.spec import SPEC, key_config
from services.base.worker.fingerprint import identity_of
from services.containers.audio.config import AudioConfig


def test_the_stage_is_a_source_of_waveforms() -> None:
    assert (SPEC.name, SPEC.reads, SPEC.writes, SPEC.source_of) == ("audio", ("media",), ("waveform",), "waveform")
    assert (SPEC.cached, SPEC.counts) == (False, ("audio_s",))


def test_rate_channels_and_filter_decide_samples_and_limits_do_not() -> None:
    assert key_config(AudioConfig(max_duration_s=5.0, chunk_samples=7)) == key_config(AudioConfig())
    assert key_config(AudioConfig(sample_rate_hz=24_000)) != key_config(AudioConfig())
    assert key_config(AudioConfig(channels=0)) != key_config(AudioConfig())
    assert key_config(AudioConfig(resampler="sinc")) != key_config(AudioConfig())


def test_the_size_of_a_chunk_decides_nothing() -> None:
    fingerprint = SPEC.fingerprint(AudioConfig())
    assert {*(fingerprint.run_config or {})} == {"sample_rate_hz", "channels", "resampler", "max_duration_s"}
    assert {*identity_of(SPEC, AudioConfig()).libraries} == {"av", "numpy", "soxr"}
