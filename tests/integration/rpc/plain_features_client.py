"""A client that has nothing of ours but the protos' stubs: python plain_features_client.py STUBS TARGET CLIP FRAMES.

FRAMES is raw RGB: four bytes of width, four of height, four of the number of frames, then the pixels. Prints what the
server answers for the clip at 2 frames a second and for the frames, as JSON. It is run in a process of its own.
"""

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, sys.argv[1])

import grpc
from visemill.v1 import common_pb2, features_pb2, features_pb2_grpc

PIECE_BYTES = 100_000


def of_clip(clip: bytes) -> Iterator[features_pb2.ExtractRequest]:
    media = common_pb2.MediaHeader(name="clip", size_bytes=len(clip))
    yield features_pb2.ExtractRequest(start=features_pb2.ExtractStart(media=media, target_fps=2.0))
    for start in range(0, len(clip), PIECE_BYTES):
        yield features_pb2.ExtractRequest(data=clip[start : start + PIECE_BYTES])


def of_frames(data: bytes) -> Iterator[features_pb2.ExtractRequest]:
    width_px, height_px, num_frames = struct.unpack_from("<III", data)
    size = features_pb2.FrameSize(width_px=width_px, height_px=height_px)
    yield features_pb2.ExtractRequest(start=features_pb2.ExtractStart(frames=size, model="inception_v3"))
    frame_bytes = width_px * height_px * 3
    for i in range(num_frames):
        pixels = data[12 + i * frame_bytes : 12 + (i + 1) * frame_bytes]
        chunk = common_pb2.FrameChunk(first_index=i, pts_s=[i / 25], frames=pixels)
        yield features_pb2.ExtractRequest(chunk=chunk)


def extracted(stub: features_pb2_grpc.FeatureServiceStub, requests: Iterator[features_pb2.ExtractRequest]) -> dict:
    vectors, pts_s, answer = b"", [], {}
    for response in stub.Extract(requests, timeout=120):
        match response.WhichOneof("message"):
            case "info":
                answer = {
                    "model": response.info.model,
                    "weights": response.info.weights,
                    "dims": response.info.num_dims,
                }
            case "chunk":
                vectors += response.chunk.vectors
                pts_s += response.chunk.pts_s
            case "facts":
                answer["decoded"] = response.facts.num_frames
    return {**answer, "pts_s": pts_s, "vectors": vectors.hex()}


def main() -> None:
    target, clip, frames = sys.argv[2:]
    with grpc.insecure_channel(target) as channel:
        stub = features_pb2_grpc.FeatureServiceStub(channel)
        answer = {
            "clip": extracted(stub, of_clip(Path(clip).read_bytes())),
            "frames": extracted(stub, of_frames(Path(frames).read_bytes())),
            "ours": sorted(name for name in sys.modules if name.split(".")[0] in ("services", "orchestrator")),
        }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
