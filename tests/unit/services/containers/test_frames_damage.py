"""Damage in mid-clip: frames that are missing are counted, and what was skipped is told, whatever the container."""

import io

import av
import pytest
from clip_measures import measure

from services.base.errors import BadInput
from services.base.media.video import DecodeFacts
from services.containers.config import DecodeConfig
from services.containers.packets import ends_in_mid_packet

NUM_FRAMES = 20
CLIPS = [("mp4", "libx264"), ("matroska", "libx264"), ("matroska", "ffv1"), ("webm", "libvpx"), ("avi", "mpeg4")]
CLIPS += [("mpegts", "mpeg2video"), ("mpeg", "mpeg1video"), ("flv", "flv1"), ("asf", "wmv2")]


@pytest.fixture(scope="module")
def made(clip):
    """A clip of 20 frames, made once; key frames all five, so that not all is lost with one."""

    def make(container: str, codec: str) -> bytes:
        if (container, codec) not in kept:
            pixel_format = "bgr0" if codec == "ffv1" else "yuv420p"
            kept[container, codec] = clip(
                container, codec, pixel_format, num_frames=NUM_FRAMES, width_px=96, options={"g": "5"}
            )
        return kept[container, codec]

    kept: dict[tuple[str, str], bytes] = {}
    return make


def facts_of(media, data: bytes) -> DecodeFacts:
    return measure(media(data), DecodeConfig())[1]


def is_told(facts: DecodeFacts) -> bool:
    return facts.num_lost > 0 or facts.num_corrupt > 0 or facts.ended_early


@pytest.mark.parametrize(("container", "codec"), CLIPS, ids=str)
def test_a_whole_clip_has_nothing_to_tell(made, media, container, codec):
    facts = facts_of(media, made(container, codec))
    assert facts.num_decoded == NUM_FRAMES
    assert not is_told(facts)


@pytest.mark.parametrize(("container", "codec"), CLIPS, ids=str)
@pytest.mark.parametrize("damage", ["erased", "taken out"])
def test_frames_missing_in_mid_clip_are_told(made, media, container, codec, damage):
    data = made(container, codec)
    start, length = len(data) // 2, len(data) // 8
    middle = bytes(length) if damage == "erased" else b""
    try:
        assert is_told(facts_of(media, data[:start] + middle + data[start + length :]))
    except BadInput as error:
        # Without a part of its middle the table of an MP4 file is not found.
        assert (error.reason, container) == ("OPEN_FAILED", "mp4")


def test_what_a_refused_packet_ends_counts_as_lost(made, media):
    data = bytearray(made("mp4", "libx264"))
    at = data.index(b"mdat") + 2000
    data[at : at + 300] = b"\xff" * 300
    facts = facts_of(media, bytes(data))
    assert facts.ended_early and 0 < facts.num_decoded < NUM_FRAMES
    assert facts.num_decoded + facts.num_lost == NUM_FRAMES


def test_pictures_of_vp8_that_are_not_to_be_shown_are_no_losses(made, media):
    data = bytearray(made("webm", "libvpx"))
    with av.open(io.BytesIO(bytes(data))) as container:
        seventh = bytes([packet for packet in container.demux(container.streams.video[0]) if packet.size][7])
    # The bit that says that a picture is to be shown.
    data[data.index(seventh)] &= ~0x10
    facts = facts_of(media, bytes(data[: len(data) * 3 // 4]))
    assert facts.ended_early and facts.num_decoded > 10
    assert facts.num_lost == 0


@pytest.mark.parametrize("codec", ["mpeg2video", "libx264"])
def test_a_transport_stream_cut_within_a_packet_is_told_and_one_between_two_is_whole(made, media, codec):
    data = made("mpegts", codec)
    assert is_told(facts_of(media, data[: len(data) * 2 // 3 // 188 * 188 + 50]))
    assert not ends_in_mid_packet("mpegts", len(data))


@pytest.mark.parametrize("num_bytes", [188, 188 * 3, 192 * 5, 204 * 7])
def test_transport_streams_have_packets_of_three_sizes(num_bytes):
    assert not ends_in_mid_packet("mpegts", num_bytes)
    assert ends_in_mid_packet("mpegts", num_bytes + 1)
    assert not ends_in_mid_packet("mpeg", num_bytes + 1)


def test_joined_transport_streams_are_no_damage(made, media):
    data = made("mpegts", "mpeg2video")
    facts = facts_of(media, data + data)
    assert (facts.num_decoded, facts.num_restarts, facts.num_corrupt, facts.num_lost) == (2 * NUM_FRAMES, 1, 0, 0)
