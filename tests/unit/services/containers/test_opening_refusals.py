"""What is refused, with which reason, and what damage looks like in the facts."""

import errno
import io
import re
import struct
import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from services.base.errors import BadInput, Transient
from services.base.media.clip import Media
from services.containers import opening as container_module
from services.containers.config import DecodeConfig
from services.containers.frames import decoded_frames_total
from services.decode.stage import open_stage


def facts_of(media, **settings):
    with open_stage(DecodeConfig(**settings))(media) as stream:
        for _ in stream:
            pass
        return stream.facts()


def refusal(media, **settings) -> BadInput:
    with pytest.raises(BadInput) as caught:
        facts_of(media, **settings)
    assert media.name in caught.value.message
    return caught.value


def claim_jpeg_size(data: bytes, width_px: int, height_px: int) -> bytes:
    """Writes a size into every JPEG frame header (SOF0) of an MJPEG clip."""
    out = bytearray(data)
    for match in re.finditer(b"\xff\xc0\x00\x11\x08", data):
        struct.pack_into(">HH", out, match.end(), height_px, width_px)
    return bytes(out)


def claim_avi_size(data: bytes, width_px: int, height_px: int) -> bytes:
    """Writes a size into the headers of an AVI file."""
    out = bytearray(data)
    struct.pack_into("<II", out, data.index(b"avih") + 8 + 32, width_px, height_px)
    struct.pack_into("<ii", out, data.index(b"strf") + 8 + 4, width_px, height_px)
    return bytes(out)


def test_a_file_without_bytes(media):
    error = refusal(media(b""))
    assert (error.reason, error.detail) == ("EMPTY_FILE", "")


TEXT = b"A text file that somebody named .mpg.\n" * 40
MPEG_SEQUENCE_END = b"\x00\x00\x01\xb7"
SUBTITLES = b"1\n00:00:01,000 --> 00:00:02,000\nhello\n\n" * 20


@pytest.mark.parametrize(
    "data",
    [b"x", TEXT, SUBTITLES, b"\x1b[31mred\x1b[0m" * 100, bytes(5000), np.random.default_rng(0).bytes(20_000)],
    ids=["one byte", "text", "subtitles", "terminal", "zeros", "noise"],
)
def test_what_is_no_video_is_refused_and_never_read_as_something_else(media, data):
    error = refusal(media(data))
    assert error.reason == "OPEN_FAILED"
    assert error.detail
    assert "mp4, " in error.message and "webm, " in error.message
    assert not {"wav", "mp3", "flac", "m4a"} & set(re.findall(r"\w+", error.message)), "no video is in those"


@pytest.mark.parametrize(
    ("kind", "said"), [("concat", "not on whitelist"), ("sdp", "not on whitelist"), ("hls", "Not detecting m3u8/hls")]
)
def test_a_file_that_names_other_files_or_hosts_is_refused(clip, tmp_path, kind, said):
    target = tmp_path / "secret.mkv"
    target.write_bytes(clip())
    data = {
        "concat": f"ffconcat version 1.0\nfile '{target.name}'\nfile '{target}'\n",
        "hls": f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:3\n#EXTINF:3.0,\n{target.name}\n#EXT-X-ENDLIST\n",
        "sdp": "v=0\n"
        "o=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/9\n",
    }[kind].encode()
    for name in ("list.txt", "list.m3u8", "list.mpg"):
        path = tmp_path / name
        path.write_bytes(data)
        before = decoded_frames_total()
        error = refusal(Media.of_file(path))
        assert error.reason == "OPEN_FAILED"
        assert said in error.detail
        assert decoded_frames_total() == before


@pytest.mark.parametrize(("container", "codec"), [("wav", "pcm_s16le"), ("mp4", "aac"), ("flac", "flac")])
def test_sound_alone_is_no_video(sound, media, container, codec):
    error = refusal(media(sound(container, codec, cover=False)))
    assert error.reason == "NO_VIDEO_STREAM"
    assert "only audio" in error.message


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("mp3", "libmp3lame")])
def test_a_cover_picture_is_no_video(sound, media, container, codec):
    error = refusal(media(sound(container, codec, cover=True)))
    assert error.reason == "NO_VIDEO_STREAM"
    assert "cover picture" in error.message


def test_headers_without_a_frame(clip, media):
    data = clip("avi", "mpeg4", "yuv420p")
    error = refusal(media(data[: data.index(b"movi") + 4]))
    assert error.reason == "NO_FRAMES"


def test_a_frame_over_the_limit_on_pixels(clip, media):
    error = refusal(media(clip()), max_pixels=64 * 48 - 1)
    assert error.reason == "TOO_MANY_PIXELS"
    assert "3072" in error.message and "--max-pixels" in error.message
    assert facts_of(media(clip()), max_pixels=64 * 48).num_frames == 6


def claim_mpeg_size(data: bytes, width_px: int, height_px: int) -> bytes:
    """Writes a size, two times 12 bits, into every sequence header of an MPEG-1 clip."""
    out = bytearray(data)
    for match in re.finditer(b"\x00\x00\x01\xb3", data):
        out[match.end() : match.end() + 3] = (width_px << 12 | height_px).to_bytes(3, "big")
    return bytes(out)


def giant(clip, where: str) -> bytes:
    """A clip of 64x48 px whose headers claim far more."""
    avi = clip("avi", "mjpeg", "yuvj420p")
    return {
        "container": lambda: claim_avi_size(avi, 20_000, 20_000),
        "container, just allowed by FFmpeg": lambda: claim_avi_size(clip("avi", "ffv1", "yuv420p"), 9000, 9000),
        "frames": lambda: claim_jpeg_size(avi, 20_000, 20_000),
        "frames, just allowed by FFmpeg": lambda: claim_mpeg_size(clip("mpeg", "mpeg1video", "yuv420p"), 4000, 4000),
        "both": lambda: claim_avi_size(claim_jpeg_size(avi, 20_000, 20_000), 20_000, 20_000),
    }[where]()


@pytest.mark.parametrize(
    "where",
    ["container", "container, just allowed by FFmpeg", "frames", "frames, just allowed by FFmpeg", "both"],
)
def test_a_giant_size_in_a_header_is_refused_before_any_memory_is_taken(clip, media, where):
    resource = pytest.importorskip("resource")
    data = giant(clip, where)
    peak_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = decoded_frames_total()
    assert refusal(media(data)).reason == "TOO_MANY_PIXELS"
    assert decoded_frames_total() == before
    per_mib = 1 << (20 if sys.platform == "darwin" else 10)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak_before) / per_mib < 10


def claim_many_times(data: bytes) -> bytes:
    """Writes an absurd number of entries into the table of times (stts) of an MP4 file."""
    out = bytearray(data)
    struct.pack_into(">I", out, data.index(b"stts") + 8, 0x0FFFFFFF)
    return bytes(out)


def test_a_header_that_claims_absurd_memory_is_the_clips_fault(clip, media):
    error = refusal(media(claim_many_times(clip("mp4", "mpeg4", "yuv420p"))))
    assert error.reason == "OUT_OF_MEMORY"
    assert error.detail


def test_a_process_short_of_memory_does_not_blame_the_clip(clip, media, monkeypatch):
    monkeypatch.setattr(container_module, "_ENOUGH_BYTES", 1 << 62)
    with pytest.raises(MemoryError):
        facts_of(media(claim_many_times(clip("mp4", "mpeg4", "yuv420p"))))


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"max_decoded_frames": 5}, "declares 6 frames"), ({"max_duration_s": 0.2}, "declares 0.240 s")],
)
def test_what_declares_to_be_too_long_is_not_decoded(clip, media, settings, word):
    data = clip("mp4", "mpeg4", "yuv420p")
    before = decoded_frames_total()
    error = refusal(media(data), **settings)
    assert error.reason == "TOO_LONG"
    assert word in error.message
    assert decoded_frames_total() == before


def claim_matroska_length(data: bytes, length_ms: float) -> bytes:
    """Writes a length into the Duration element (ID 0x4489, a float64)."""
    out = bytearray(data)
    struct.pack_into(">d", out, data.index(b"\x44\x89\x88") + 3, length_ms)
    return bytes(out)


def test_a_false_length_refuses_nothing_and_is_no_fact(clip, media):
    facts = facts_of(media(claim_matroska_length(clip(num_frames=20), 1e15)))
    assert (facts.num_frames, facts.duration_s) == (20, 0.8)


def test_what_is_longer_than_it_declares_is_stopped_on_the_way(clip, media):
    undeclared = clip("mpeg", "mpeg1video", "yuv420p", num_frames=40)
    before = decoded_frames_total()
    assert refusal(media(undeclared), max_decoded_frames=10).reason == "TOO_LONG"
    assert decoded_frames_total() - before <= 12

    lying = bytearray(clip("avi", "mjpeg", "yuvj420p", num_frames=20))
    struct.pack_into("<I", lying, lying.index(b"avih") + 8 + 16, 1)
    struct.pack_into("<I", lying, lying.index(b"strh") + 8 + 32, 1)
    before = decoded_frames_total()
    assert refusal(media(bytes(lying)), max_duration_s=0.2).reason == "TOO_LONG"
    assert decoded_frames_total() - before < 20


def test_a_limit_on_frames_makes_a_long_clip_good(clip, media):
    data = clip("mp4", "mpeg4", "yuv420p", num_frames=30)
    facts = facts_of(media(data), max_frames=5, max_decoded_frames=10, max_duration_s=0.5)
    assert (facts.num_frames, facts.truncated) == (5, True)


def test_packets_without_frames_do_not_go_on_for_ever(clip, media):
    file = io.BytesIO()
    with (
        av.open(io.BytesIO(clip("mpeg1video", "mpeg1video", "yuv420p", num_frames=1))) as source,
        av.open(file, "w", format="matroska") as output,
    ):
        stream = output.add_stream_from_template(source.streams.video[0])
        packets = [next(source.demux(video=0))]
        packets += [av.Packet(MPEG_SEQUENCE_END) for _ in range(60)]
        for index, packet in enumerate(packets):
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = index
            output.mux(packet)
    error = refusal(media(file.getvalue()), max_decoded_frames=10)
    assert error.reason == "TOO_LONG"
    assert "41 packets for 1 frames" in error.message


def test_text_in_the_container_that_is_no_text_does_no_harm(clip, media):
    file = io.BytesIO()
    with av.open(io.BytesIO(clip())) as source, av.open(file, "w", format="matroska") as output:
        output.metadata["title"] = "a title"
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    assert facts_of(media(file.getvalue().replace(b"a title", b"\xff\xfe\xc3title"[:7]))).num_frames == 6


def test_a_size_that_grows_over_the_limit_on_the_way_takes_no_memory(clip, media):
    small = clip("mpeg1video", "mpeg1video", "yuv420p")
    before = decoded_frames_total()
    error = refusal(media(small + claim_mpeg_size(small, 4000, 4000)))
    assert error.reason == "TOO_MANY_PIXELS"
    assert "Picture size 4000x4000" in error.detail
    assert decoded_frames_total() - before <= 6


def test_a_size_that_changes_on_the_way(clip, media):
    small = clip("mpeg1video", "mpeg1video", "yuv420p")
    large = clip("mpeg1video", "mpeg1video", "yuv420p", width_px=80, height_px=64)
    error = refusal(media(small + large))
    assert error.reason == "SIZE_CHANGED"
    assert "80x64" in error.message and "64x48" in error.message


def test_damage_is_decoded_on_counted_and_said_and_stays_with_its_clip(clip, media):
    good = clip("mpeg", "mpeg1video", "yuv420p", num_frames=20, options={"qscale": "2"})
    bad = bytearray(good)
    for at in range(len(bad) // 3, len(bad), 997):
        bad[at] ^= 0x10
    first, second = facts_of(media(bytes(bad))), facts_of(media(bytes(bad)))
    assert first == second
    assert first.num_corrupt > 0
    assert any(line.startswith("mpeg1video: ") for line in first.warnings)
    after = facts_of(media(good))
    assert (after.num_corrupt, after.warnings) == (0, ())


@pytest.mark.parametrize(
    ("container", "codec", "pixel_format"), [("avi", "mjpeg", "yuvj420p"), ("matroska", "mpeg4", "yuv420p")]
)
def test_a_clip_that_breaks_off_gives_what_decodes_and_says_so(clip, media, container, codec, pixel_format):
    data = clip(container, codec, pixel_format, num_frames=20)
    facts = facts_of(media(data[: len(data) * 2 // 3]))
    assert 0 < facts.num_frames < 20
    assert facts.ended_early
    assert not facts.truncated
    assert facts.warnings


def test_a_file_that_cannot_be_read_is_tried_again_later(clip, tmp_path):
    path = tmp_path / "clip.mkv"
    path.write_bytes(clip())
    media = Media.of_file(path)
    path.unlink()
    with pytest.raises(Transient, match="MEDIA_UNREADABLE"):
        facts_of(media)


def test_a_disk_that_fails_on_the_way_is_tried_again_later(clip, media, monkeypatch):
    class FailingFile:
        def __init__(self, file):
            self.seek, self.tell, self._file, self._num_reads = file.seek, file.tell, file, 0

        def read(self, num_bytes):
            self._num_reads += 1
            if self._num_reads > 2:
                raise OSError(errno.EIO, "Input/output error")
            return self._file.read(min(num_bytes, 4096))

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()

    real = container_module._open_file
    monkeypatch.setattr(container_module, "_open_file", lambda m: FailingFile(real(m)))
    with pytest.raises(Transient, match="Input/output error"):
        facts_of(media(clip("mpeg", "mpeg1video", "yuv420p", num_frames=60, options={"qscale": "2"})))
