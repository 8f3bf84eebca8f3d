"""Several recordings in one file: all are read, or those that are not are counted."""

import io
import itertools

import pytest

from services.containers.config import DecodeConfig
from services.containers.joined import joined_at
from services.decode.stage import open_stage

READ_ON = [("matroska", "ffv1", "bgr0"), ("avi", "mpeg4", "yuv420p"), ("mpeg", "mpeg2video", "yuv420p")]
READ_ON += [("mpegts", "mpeg2video", "yuv420p"), ("webm", "libvpx", "yuv420p")]
END_WITH_THE_FIRST = [("mp4", "mpeg4", "yuv420p"), ("mov", "mpeg4", "yuv420p"), ("flv", "flv1", "yuv420p")]
END_WITH_THE_FIRST += [("asf", "wmv2", "yuv420p")]


def decode(media):
    """(times in seconds, facts) of a whole clip."""
    with open_stage(DecodeConfig())(media) as stream:
        times_s = [float(time_s) for chunk in stream for time_s in chunk.pts_s]
        return times_s, stream.facts()


@pytest.mark.parametrize(("container", "codec", "pixel_format"), READ_ON, ids=str)
def test_both_halves_are_read(clip, media, container, codec, pixel_format):
    alone = clip(container, codec, pixel_format, num_frames=8)
    times_s, facts = decode(media(alone + alone))
    assert [round(after - before, 3) for before, after in itertools.pairwise(times_s)] == [0.04] * 15
    assert (facts.num_decoded, facts.num_lost) == (16, 0)


@pytest.mark.parametrize(("container", "codec", "pixel_format"), END_WITH_THE_FIRST, ids=str)
def test_what_is_not_read_is_counted(clip, media, container, codec, pixel_format):
    alone = clip(container, codec, pixel_format, num_frames=8)
    assert decode(media(alone))[1].num_lost == 0
    facts = decode(media(alone + alone + alone))[1]
    assert (facts.num_decoded, facts.num_lost) == (8, 16)


@pytest.mark.parametrize("first_begins_later", [False, True])
def test_recordings_by_clocks_far_apart_follow_one_another(clip, media, first_begins_later):
    halves = [
        clip("mpegts", "mpeg2video", "yuv420p", num_frames=8, pts=[at + i for i in range(8)]) for at in (0, 12_500)
    ]
    times_s, facts = decode(media(b"".join(halves[::-1] if first_begins_later else halves)))
    assert (len(times_s), facts.num_restarts) == (16, 1)
    assert times_s[-1] - times_s[0] == pytest.approx(15 * 0.04)


@pytest.mark.parametrize(
    "data", [b"", b"short", b"\x00" * 64, b"\xff" * 64, b"\x00\x00\x00\x01ftypisom" + b"\xff" * 40]
)
@pytest.mark.parametrize("format_name", ["mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"])
def test_a_torn_file_has_no_second_head(data, format_name):
    assert joined_at(io.BytesIO(data), format_name) == []


def test_heads_across_blocks_are_found(monkeypatch):
    monkeypatch.setattr("services.containers.joined._BLOCK", 16)
    head = bytes(range(1, 14))
    data = head + b"-" * 14 + head + b"-" * 3 + head
    assert joined_at(io.BytesIO(data), "flv") == [27, 43]
