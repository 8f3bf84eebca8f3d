"""Protos to value types and back, exactly: what a remote stage hands over is what an in-process one would have.

Raises BadInput BAD_MESSAGE for a message that breaks the rules stated in the protos.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from visemill.v1 import common_pb2

from services.base.errors import BadInput
from services.base.media.video import DecodeFacts, FrameChunk, TimeHole, VideoInfo

# Pixels, points and the like travel in pieces of at most this size, so that a client with gRPC's default limit of 4 MiB
# can take them; a single frame that is larger travels alone.
PIECE_BYTES = 3 << 20
# Encoded media travels in pieces of this size.
DATA_BYTES = 1 << 20
# Room in a message for what is none of these.
MESSAGE_ROOM_BYTES = 64 << 10


def info_to_proto(info: VideoInfo) -> common_pb2.VideoInfo:
    """The same fields under the same names."""
    return common_pb2.VideoInfo(
        width_px=info.width_px,
        height_px=info.height_px,
        rotation_deg=info.rotation_deg,
        fps_hz=info.fps_hz,
        num_frames_declared=info.num_frames_declared,
        duration_s=info.duration_s,
        codec=info.codec,
        pixel_format=info.pixel_format,
        pixel_aspect=info.pixel_aspect,
        stream_index=info.stream_index,
        num_video_streams=info.num_video_streams,
    )


def info_from_proto(message: common_pb2.VideoInfo) -> VideoInfo:
    """The inverse of `info_to_proto`."""
    try:
        return VideoInfo(
            message.width_px,
            message.height_px,
            message.rotation_deg,
            message.fps_hz,
            message.num_frames_declared,
            message.duration_s,
            message.codec,
            message.pixel_format,
            message.pixel_aspect,
            message.stream_index,
            message.num_video_streams,
        )
    except ValueError as error:
        raise bad_message(str(error)) from error


def facts_to_proto(facts: DecodeFacts) -> common_pb2.DecodeFacts:
    """The same fields under the same names."""
    return common_pb2.DecodeFacts(
        num_frames=facts.num_frames,
        num_corrupt=facts.num_corrupt,
        num_duplicate_pts=facts.num_duplicate_pts,
        truncated=facts.truncated,
        ended_early=facts.ended_early,
        warnings=[w.encode(errors="replace").decode() for w in facts.warnings],
        num_decoded=facts.num_decoded,
        num_lost=facts.num_lost,
        num_derived_pts=facts.num_derived_pts,
        num_restarts=facts.num_restarts,
        rate_hz=facts.rate_hz,
        duration_s=facts.duration_s,
        longest_step_s=facts.longest_step_s,
        num_held=facts.num_held,
        num_hidden=facts.num_hidden,
        num_interlaced=facts.num_interlaced,
        holes=[common_pb2.TimeHole(at_s=hole.at_s, length_s=hole.length_s) for hole in facts.holes],
        frames_sha256=facts.frames_sha256,
    )


def facts_from_proto(message: common_pb2.DecodeFacts) -> DecodeFacts:
    """The inverse of `facts_to_proto`."""
    return DecodeFacts(
        message.num_frames,
        message.num_corrupt,
        message.num_duplicate_pts,
        message.truncated,
        message.ended_early,
        tuple(message.warnings),
        message.num_decoded,
        message.num_lost,
        message.num_derived_pts,
        message.num_restarts,
        message.rate_hz,
        message.duration_s,
        message.longest_step_s,
        message.num_held,
        message.num_hidden,
        message.num_interlaced,
        tuple(TimeHole(hole.at_s, hole.length_s) for hole in message.holes),
        message.frames_sha256,
    )


def frames_to_protos(chunk: FrameChunk, max_message_bytes: int) -> Iterator[common_pb2.FrameChunk]:
    """The chunk in messages of at most PIECE_BYTES of pixels, or one frame. Raises BadInput FRAME_TOO_LARGE."""
    num_frames, height, width, channels = chunk.frames_THWC.shape
    frame_bytes = height * width * channels
    require_frame_fits(width, height, max_message_bytes)
    step = max(1, min(PIECE_BYTES, max_message_bytes - MESSAGE_ROOM_BYTES) // max(1, frame_bytes))
    for start in range(0, num_frames, step):
        part = slice(start, start + step)
        yield common_pb2.FrameChunk(
            first_index=chunk.first_index + start,
            pts_s=chunk.pts_s[part].tolist(),
            frames=chunk.frames_THWC[part].tobytes(),
        )


def require_frame_fits(width_px: int, height_px: int, max_message_bytes: int) -> None:
    """Raises BadInput FRAME_TOO_LARGE when one RGB frame of that size does not fit in a message."""
    frame_bytes = width_px * height_px * 3
    if frame_bytes + MESSAGE_ROOM_BYTES > max_message_bytes:
        raise BadInput(
            "FRAME_TOO_LARGE",
            f"a frame of {width_px}x{height_px} px is {frame_bytes} bytes, and a message holds at most "
            f"{max_message_bytes}: send the encoded clip instead, or set VISEMILL_MAX_MESSAGE_BYTES at both ends",
        )


def frames_from_proto(message: common_pb2.FrameChunk, width_px: int, height_px: int) -> FrameChunk:
    """The chunk, its pixels a copy of the message's that may be written to, as those of a decoder may."""
    num_frames = len(message.pts_s)
    expected = num_frames * height_px * width_px * 3
    if num_frames == 0 or len(message.frames) != expected:
        raise bad_message(
            f"a chunk of {num_frames} frames of {width_px}x{height_px} px needs {expected} bytes of pixels and at "
            f"least one frame, and has {len(message.frames)}: send width*height*3 bytes for every entry of pts_s"
        )
    frames_THWC = np.frombuffer(bytearray(message.frames), np.uint8).reshape(num_frames, height_px, width_px, 3)
    return FrameChunk(message.first_index, frames_THWC, np.array(message.pts_s, np.float64))


def bad_message(message: str) -> BadInput:
    """The error for a message that breaks the rules of its proto."""
    return BadInput("BAD_MESSAGE", message)
