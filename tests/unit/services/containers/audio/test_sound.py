"""Samples as a file holds them: exact lengths, a sine that stays one, gaps, overlaps, and files that are not right."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from services.audio.stage import open_stage
from services.base.errors import BadInput
from services.base.media.audio import AudioFacts, AudioInfo
from services.base.media.clip import Media
from services.containers.audio.config import AudioConfig

Made = tuple[AudioInfo, np.ndarray, AudioFacts]
AS_IT_IS = {"sample_rate_hz": 0, "channels": 0}


def read(data: bytes, **settings: Any) -> Made:
    with open_stage(AudioConfig(**settings))(Media.of_bytes("x.wav", data)) as stream:
        chunks = list(stream)
        assert [c.first_sample for c in chunks] == list(np.cumsum([0, *[len(c) for c in chunks[:-1]]]))
        samples_TC = np.concatenate([c.samples_TC for c in chunks])
        assert stream.facts().num_samples == len(samples_TC)
        return stream.info, samples_TC, stream.facts()


def refusal(data: bytes, **settings: Any) -> str:
    with pytest.raises(BadInput) as caught:
        read(data, **settings)
    return caught.value.reason


def snr_db(found_T: np.ndarray, rate_hz: int, pitch_hz: float, delay_s: float = 0.0, edge: int = 800) -> float:
    """How far a sine of half of full scale stands above all else, ends left out."""
    at_s = np.arange(len(found_T)) / rate_hz - delay_s
    wanted_T = 0.5 * np.sin(2 * np.pi * pitch_hz * at_s)
    kept = slice(edge, len(found_T) - edge)
    rest_T = found_T[kept] - wanted_T[kept]
    return float(10 * np.log10((wanted_T[kept] ** 2).mean() / (rest_T**2).mean()))


@pytest.mark.parametrize(
    ("container", "codec", "tolerance"),
    [
        ("wav", "pcm_f32le", 0.0),
        ("wav", "pcm_s16le", 2**-15),
        ("wav", "pcm_s32le", 2**-24),
        ("wav", "pcm_u8", 2**-6),
        ("flac", "flac", 2**-15),
        ("matroska", "pcm_s16le", 2**-15),
        ("aiff", "pcm_s16be", 2**-15),
    ],
)
def test_what_loses_nothing_comes_back_sample_for_sample(
    sound: Any, sine: Any, container: str, codec: str, tolerance: float
) -> None:
    samples_TC = sine(10_001, num_channels=2)
    info, found_TC, facts = read(sound(samples_TC, container=container, codec=codec), **AS_IT_IS)
    assert (info.sample_rate_hz, info.num_channels, found_TC.dtype, len(found_TC)) == (48_000, 2, np.float32, 10_001)
    assert np.abs(found_TC - samples_TC).max() <= tolerance
    assert (facts.num_gaps, facts.num_overlaps, facts.num_corrupt, facts.resampled) == (0, 0, 0, False)


@pytest.mark.parametrize(
    ("container", "codec", "rate_hz", "most_over"),
    [
        ("mp3", "libmp3lame", 44_100, 0),
        ("mp4", "aac", 44_100, 0),
        ("webm", "libopus", 48_000, 0),
        ("ogg", "libopus", 48_000, 0),
        # Nothing in these tells of the last packet's padding.
        ("matroska", "aac", 44_100, 1024),
    ],
)
def test_an_encoders_delay_and_padding_are_no_part_of_the_sound(
    sound: Any, sine: Any, container: str, codec: str, rate_hz: int, most_over: int
) -> None:
    data = sound(sine(rate_hz, rate_hz), rate_hz, container, codec, frame_samples=960 if codec == "libopus" else 1024)
    info, found_TC, facts = read(data, **AS_IT_IS)
    assert info.codec in codec
    assert 0 <= len(found_TC) - rate_hz <= most_over
    assert snr_db(found_TC[:rate_hz, 0], rate_hz, 440.0) > 15, "at its place"
    assert (facts.num_gaps, facts.num_overlaps) == (0, 0)


@pytest.mark.parametrize(
    ("num_samples", "source_hz", "rate_hz"),
    [
        (48_000, 48_000, 16_000),
        (44_100, 44_100, 24_000),
        (12_345, 44_100, 16_000),
        (9_999, 22_050, 48_000),
        (3, 48_000, 16_000),
    ],
)
def test_a_resampled_sound_is_as_long_as_it_was(
    sound: Any, sine: Any, num_samples: int, source_hz: int, rate_hz: int
) -> None:
    info, found_TC, facts = read(sound(sine(num_samples, source_hz), source_hz), sample_rate_hz=rate_hz)
    assert len(found_TC) == round(num_samples * rate_hz / source_hz)
    assert (info.sample_rate_hz, info.source_rate_hz, facts.num_decoded) == (rate_hz, source_hz, num_samples)
    assert facts.resampled and facts.duration_s == len(found_TC) / rate_hz


@pytest.mark.parametrize(
    ("source_hz", "rate_hz", "pitch_hz"),
    [(44_100, 16_000, 997.0), (16_000, 24_000, 6_000.0), (48_000, 22_050, 8_000.0)],
)
def test_a_sine_stays_a_sine_at_its_place_at_another_rate(
    sound: Any, sine: Any, source_hz: int, rate_hz: int, pitch_hz: float
) -> None:
    found_TC = read(sound(sine(source_hz, source_hz, pitch_hz), source_hz), sample_rate_hz=rate_hz)[1]
    assert snr_db(found_TC[:, 0], rate_hz, pitch_hz) > 80


def test_what_the_lower_rate_cannot_hold_is_gone_and_not_folded_down(sound: Any, sine: Any) -> None:
    found_TC = read(sound(sine(48_000, 48_000, 9_000.0)), sample_rate_hz=16_000)[1]
    assert np.abs(found_TC[800:-800]).max() < 1e-4


@pytest.mark.parametrize("chunk_samples", [1, 333, 10_000_000])
def test_samples_are_the_same_whatever_the_size_of_a_chunk(sound: Any, sine: Any, chunk_samples: int) -> None:
    data = sound(sine(30_000, 44_100, num_channels=2), 44_100)
    settings = {"sample_rate_hz": 16_000, "channels": 0}
    expected_TC = read(data, **settings)[1]
    if chunk_samples == 1:
        data, expected_TC = sound(sine(600, 44_100), 44_100), read(sound(sine(600, 44_100), 44_100), **settings)[1]
    assert np.array_equal(read(data, **settings, chunk_samples=chunk_samples)[1], expected_TC)


def test_samples_are_the_same_whatever_the_packets_of_the_file(sound: Any, sine: Any) -> None:
    samples_TC = sine(30_000)
    in_wav = read(sound(samples_TC, codec="pcm_s16le"))[1]
    in_flac = read(sound(samples_TC, container="flac", codec="flac", frame_samples=4096))[1]
    assert np.array_equal(in_wav, in_flac)


def test_mono_is_the_mean_of_all_channels(sound: Any) -> None:
    samples_TC = np.stack([np.full(5000, 0.5), np.full(5000, -0.1)], axis=1).astype(np.float32)
    info, found_TC, facts = read(sound(samples_TC), sample_rate_hz=0)
    assert (info.num_channels, info.source_channels, facts.mixed_down) == (1, 2, True)
    assert found_TC.shape == (5000, 1)
    assert np.allclose(found_TC, 0.2, atol=1e-7)
    surround_TC = np.repeat(samples_TC, 3, axis=1)
    assert np.allclose(read(sound(surround_TC), sample_rate_hz=0)[1], 0.2, atol=1e-7)


def test_lost_packets_are_silence_of_their_length_and_counted(sound: Any, sine: Any) -> None:
    data = sound(sine(48_000), container="matroska", codec="pcm_s16le", skip=(10, 11, 30))
    _, found_TC, facts = read(data, **AS_IT_IS)
    assert abs(len(found_TC) - 48_000) <= 48, "its times are in milliseconds"
    assert (facts.num_gaps, facts.num_overlaps) == (2, 0)
    assert facts.gap_s == pytest.approx(3 * 1024 / 48_000, abs=0.002)
    assert [round(gap.at_s, 2) for gap in facts.gaps] == [round(10 * 1024 / 48_000, 2), round(30 * 1024 / 48_000, 2)]
    assert not found_TC[10 * 1024 + 100 : 12 * 1024 - 100].any()
    assert snr_db(found_TC[13 * 1024 : 29 * 1024, 0], 48_000, 440.0, -13 * 1024 / 48_000) > 60, "in time behind a gap"


def joined(sound: Any, sine: Any, second_at_s: float) -> bytes:
    """Two recordings of a second, one behind the other in one file; the second one's clock says when it begins."""
    shift = round(second_at_s * 48_000)
    return b"".join(
        sound(sine(48_000), container="mpegts", codec="mp2", frame_samples=1152, shift_samples=lambda _, n=n: n)
        for n in (0, shift)
    )


def test_samples_that_lie_on_others_are_left_out_and_counted(sound: Any, sine: Any) -> None:
    alone = len(read(joined(sound, sine, 0.0), **AS_IT_IS)[1]) // 2
    _, found_TC, facts = read(joined(sound, sine, 0.9), **AS_IT_IS)
    assert (facts.num_gaps, facts.num_restarts, facts.num_overlaps > 0) == (0, 0, True)
    assert len(found_TC) == 2 * alone - round(facts.overlap_s * 48_000)
    assert facts.overlap_s == pytest.approx(alone / 48_000 - 0.9, abs=0.015)


@pytest.mark.parametrize("second_at_s", [0.0, 400.0])
def test_a_clock_that_begins_anew_goes_on_behind_what_came_before(sound: Any, sine: Any, second_at_s: float) -> None:
    _, found_TC, facts = read(joined(sound, sine, second_at_s), **AS_IT_IS)
    assert (facts.num_restarts, facts.num_gaps, facts.num_overlaps) == (1, 0, 0)
    assert 96_000 <= len(found_TC) <= 96_000 + 4 * 1152


def test_the_default_stream_is_taken_and_video_is_left_alone(sound: Any, sine: Any) -> None:
    data = sound(sine(48_000), container="matroska", codec="pcm_s16le", num_frames_of_video=25)
    info, found_TC, _ = read(data, **AS_IT_IS)
    assert (len(found_TC), info.num_audio_streams) == (48_000, 1)


def test_full_scale_and_what_is_no_number_are_counted(sound: Any) -> None:
    samples_TC = np.array([0.0, 1.0, -1.0, 1.5, np.nan, np.inf, 0.25] * 100, np.float32)[:, None]
    _, found_TC, facts = read(sound(samples_TC), **AS_IT_IS)
    assert (facts.num_clipped, facts.num_not_finite, facts.peak) == (300, 200, 1.5)
    assert np.isfinite(found_TC).all() and found_TC.max() == 1.5, "nothing is clipped here"


def wav_head(rate_hz: int, num_channels: int, claimed_bytes: int, data: bytes = b"") -> bytes:
    width = 2 * num_channels
    form = struct.pack("<HHIIHH", 1, num_channels, rate_hz, (rate_hz * width) & 0xFFFFFFFF, width & 0xFFFF, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", claimed_bytes) + data
    return b"RIFF" + struct.pack("<I", (len(body)) & 0xFFFFFFFF) + body


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "EMPTY_FILE"),
        (b"hello" * 100, "OPEN_FAILED"),
        (wav_head(16_000, 1, 0), "NO_SAMPLES"),
        (wav_head(16_000, 1, 1 << 30), "NO_SAMPLES"),
        (wav_head(5, 1, 200, bytes(200)), "UNSUPPORTED_RATE"),
        (wav_head(4_000_000, 1, 200, bytes(200)), "UNSUPPORTED_RATE"),
        (wav_head(16_000, 100, 4000, bytes(4000)), "TOO_MANY_CHANNELS"),
        (wav_head(768_000, 1, 20, bytes(20)), "NO_SAMPLES"),
    ],
    ids=["empty", "text", "no samples", "no samples but a claim", "slow", "fast", "channels", "under one sample"],
)
def test_what_cannot_be_heard_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    assert refusal(data, sample_rate_hz=16_000 if reason != "NO_SAMPLES" else 1_000) == reason


def test_a_claimed_length_is_not_believed() -> None:
    data = wav_head(16_000, 1, 0x7FFFFFFF, bytes(3200))
    _, found_TC, facts = read(data, **AS_IT_IS)
    assert len(found_TC) == facts.num_samples == 1600
    assert refusal(wav_head(16_000, 1, 100_000, bytes(100_000)), max_duration_s=3.0) == "TOO_LONG"
    assert len(read(wav_head(16_000, 1, 96_000, bytes(96_000)), max_duration_s=3.0)[1]) == 48_000


def test_a_long_silence_between_times_is_refused_before_it_is_made(sound: Any, sine: Any) -> None:
    data = sound(sine(48_000), container="matroska", codec="pcm_s16le", shift_samples=lambda n: 48_000 * 50 * (n >= 20))
    assert refusal(data, max_duration_s=30.0) == "TOO_LONG"
    assert read(data, **AS_IT_IS)[2].gap_s == pytest.approx(50.0, abs=0.01)


@pytest.mark.parametrize(
    ("container", "codec"), [("wav", "pcm_s16le"), ("flac", "flac"), ("mp3", "libmp3lame"), ("matroska", "libopus")]
)
def test_a_file_that_was_cut_gives_what_is_left_of_it(sound: Any, sine: Any, container: str, codec: str) -> None:
    whole = sound(sine(48_000), container=container, codec=codec, frame_samples=960)
    _, found_TC, facts = read(whole[: len(whole) // 2], **AS_IT_IS)
    assert 5_000 < len(found_TC) < 40_000
    assert facts.num_samples == len(found_TC)


def test_damaged_packets_are_counted_and_the_rest_keeps_its_time(sound: Any, sine: Any) -> None:
    whole = bytearray(sound(sine(96_000), container="mp4", codec="aac"))
    middle = len(whole) // 3
    whole[middle : middle + 1500] = b"\xff" * 1500
    _, found_TC, facts = read(bytes(whole), **AS_IT_IS)
    assert facts.num_corrupt > 0 and facts.num_gaps > 0
    assert len(found_TC) == 96_000
    assert snr_db(found_TC[-20_000:, 0], 48_000, 440.0, -76_000 / 48_000) > 20


def test_bytes_that_are_no_packets_are_reported(sound: Any, sine: Any) -> None:
    whole = bytearray(sound(sine(96_000), container="mp3", codec="libmp3lame", frame_samples=1152))
    middle = len(whole) // 2
    whole[middle : middle + 2000] = bytes(range(250)) * 8
    _, found_TC, facts = read(bytes(whole), **AS_IT_IS)
    assert facts.warnings and 70_000 < len(found_TC) < 96_000


@pytest.mark.parametrize(("second", "reason"), [((24_000, 1), "RATE_CHANGED"), ((48_000, 2), "CHANNELS_CHANGED")])
def test_another_kind_of_sound_in_mid_stream_is_refused(
    sound: Any, sine: Any, second: tuple[int, int], reason: str
) -> None:
    rate_hz, num_channels = second
    parts = [
        sound(sine(48_000), 48_000, "adts", "aac"),
        sound(sine(48_000, rate_hz, num_channels=num_channels), rate_hz, "adts", "aac"),
    ]
    assert refusal(b"".join(parts)) == reason


def test_a_picture_alone_is_refused(clip: Callable[..., bytes]) -> None:
    assert refusal(clip()) == "NO_AUDIO_STREAM"


def test_samples_are_handed_out_once(sound: Any, sine: Any) -> None:
    with open_stage(AudioConfig())(Media.of_bytes("x.wav", sound(sine(1000)))) as stream:
        list(stream)
        with pytest.raises(RuntimeError, match="handed out already"):
            list(stream)
