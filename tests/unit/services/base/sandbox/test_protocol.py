"""What crosses between supervisor and child comes out as it went in."""

import json
import socket
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.media.audio import AudioChunk, AudioFacts, AudioInfo
from services.base.media.clip import Clip, ClipAttributes, Media
from services.base.media.points import Landmarks
from services.base.media.video import DecodeFacts, FrameChunk, TimeHole, VideoInfo
from services.base.sandbox import protocol
from services.base.stage.clip_pass import ArtifactPart, ChunkPart, DonePart, FactsPart, InfoPart
from services.base.stage.product import PIECE_BYTES, FilePart, PiecePart, Product, ProductPart
from services.base.stage.spec import ClipJob

TYPES = {"landmarks": Landmarks}


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def landmarks(num_frames=2):
    points = np.random.default_rng(1).normal(size=(num_frames, 68, 2)).astype(np.float32)
    points[0] = np.nan
    return Landmarks("ibug-68", points, np.ones(num_frames, np.float32), np.array([0, 1], np.uint8)[:num_frames], 4, 2)


def through(ends, packed):
    ours, theirs = ends
    protocol.send(ours, packed[0], *packed[1])
    message = protocol.receive(theirs)
    assert message is not None
    return message


@pytest.mark.parametrize(
    "part",
    [
        InfoPart(VideoInfo(4, 2, 90, 29.97, 10, 0.4, "h264", "yuv420p")),
        FactsPart(DecodeFacts(10, 1, 2, True, False, ("a warning",))),
        FactsPart(DecodeFacts(10, holes=(TimeHole(0.5, 0.25),))),
        InfoPart(AudioInfo(16_000, 1, "aac", "fltp", 44_100, 2, 0.1, 1 / 3, 1, 2)),
        FactsPart(AudioFacts(10, 1 / 3, num_gaps=1, gap_s=0.2, gaps=(TimeHole(0.5, 0.2),), warnings=("a warning",))),
        ArtifactPart("record", Product((), {"num_grey_frames": 12}, ("GREY_FRAMES",), {"preview.png": b"png"})),
        ProductPart("record"),
        FilePart("frames/0.jpg", "image/jpeg"),
        PiecePart(b"\0payload"),
        DonePart({"decode": 0.25}),
    ],
)
def test_parts_survive(ends, part):
    assert protocol.unpack_part(*through(ends, protocol.pack_part(part)), {}) == part


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_times_are_exact(pts_s):
    header, pieces = protocol.pack_chunk(FrameChunk(7, np.zeros((1, 2, 4, 3), np.uint8), np.array([pts_s])))
    part = protocol.unpack_part(header, bytearray(b"".join(pieces)), {})
    assert isinstance(part, ChunkPart) and part.chunk.pts_s[0] == pts_s and part.chunk.first_index == 7


def test_samples_and_their_times_are_exact(ends):
    samples = np.random.default_rng(0).standard_normal((1000, 2)).astype(np.float32)
    chunk = AudioChunk(41, samples, 24_000, 1 / 3)
    part = protocol.unpack_part(*through(ends, protocol.pack_part(ChunkPart(chunk))), {})
    assert isinstance(part, ChunkPart) and isinstance(part.chunk, AudioChunk)
    assert part.chunk.samples_TC.tobytes() == samples.tobytes() and part.chunk.samples_TC.shape == (1000, 2)
    assert (part.chunk.first_sample, part.chunk.sample_rate_hz, part.chunk.start_s) == (41, 24_000, 1 / 3)


def test_frames_and_landmarks_are_exact_missing_ones_included(ends):
    frames = np.random.default_rng(0).integers(0, 255, (3, 2, 4, 3), np.uint8)
    part = protocol.unpack_part(
        *through(ends, protocol.pack_part(ChunkPart(FrameChunk(0, frames, np.arange(3.0))))), {}
    )
    assert isinstance(part, ChunkPart) and np.array_equal(part.chunk.frames_THWC, frames)
    value = landmarks()
    part = protocol.unpack_part(*through(ends, protocol.pack_part(ArtifactPart("landmarks", value))), TYPES)
    assert isinstance(part, ArtifactPart)
    assert part.value.points_TNC.tobytes() == value.points_TNC.tobytes()


def test_a_job_survives_with_its_extras_and_what_is_given(ends, tmp_path):
    job = ClipJob(
        Clip(
            "s1/x", "x", "s1", "s1/x.mpg", "val", {"align": "s1/align/x.align"}, ClipAttributes("ሰላም", duration_s=1.5)
        ),
        Media.of_bytes("x.mpg", b"video"),
        {"align": b"0 1 sil"},
    )
    again, given_again = protocol.unpack_job(
        *through(ends, protocol.pack_job(job, {"landmarks": landmarks()}, {"want": []})), TYPES
    )
    assert again == job
    assert given_again["landmarks"].points_TNC.tobytes() == landmarks().points_TNC.tobytes()
    path = tmp_path / "large.mpg"
    path.write_bytes(b"large")
    by_path = ClipJob(job.clip, Media.of_file(path), {})
    assert protocol.unpack_job(*through(ends, protocol.pack_job(by_path, {}, {})), TYPES)[0] == by_path


def test_an_end_that_closes_is_none_and_one_that_breaks_off_is_an_error(ends):
    ours, theirs = ends
    ours.sendall(b"\1\0")
    ours.close()
    with pytest.raises(ConnectionResetError):
        protocol.receive(theirs)
    assert protocol.receive(theirs) is None


def test_a_length_over_the_limit_is_refused_before_it_is_allocated(ends):
    ours, theirs = ends
    ours.sendall(b"\xff" * 12)
    with pytest.raises(ValueError, match="over the limit"):
        protocol.receive(theirs)


@pytest.mark.parametrize(("header", "num_bytes"), [({"part": "piece"}, PIECE_BYTES + 1), ({"part": "file"}, 1)])
def test_a_message_of_a_product_is_bounded_whatever_the_other_end_claims(ends, header, num_bytes):
    ours, theirs = ends
    text = json.dumps(header).encode()
    ours.sendall(struct.pack("<IQ", len(text), num_bytes) + text)
    with pytest.raises(ValueError, match="over the limit"):
        protocol.receive(theirs)


def test_a_piece_of_any_buffer_comes_as_bytes(ends):
    header, payload = through(ends, protocol.pack_part(PiecePart(memoryview(bytearray(1000))[5:])))
    part = protocol.unpack_part(header, payload, {})
    assert isinstance(part, PiecePart) and part.data == bytes(995)
