"""A client that has nothing of ours but the protos' stubs: python plain_client.py STUBS DECODE LANDMARKS CLIP.

Prints what decode and landmarks answer for the clip, as JSON. It is run in a process of its own.
"""

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, sys.argv[1])

import grpc
import visemill.v1
from visemill.v1 import common_pb2, decode_pb2, decode_pb2_grpc, landmarks_pb2, landmarks_pb2_grpc

PIECE_BYTES = 100_000


def pieces(clip: bytes) -> Iterator[bytes]:
    for start in range(0, len(clip), PIECE_BYTES):
        yield clip[start : start + PIECE_BYTES]


def decoded(target: str, clip: bytes) -> dict[str, object]:
    """Size, number of frames, and the sum of all pixels."""

    def requests() -> Iterator[decode_pb2.DecodeRequest]:
        header = common_pb2.MediaHeader(name="clip.mpg", size_bytes=len(clip))
        yield decode_pb2.DecodeRequest(start=decode_pb2.DecodeStart(media=header))
        for piece in pieces(clip):
            yield decode_pb2.DecodeRequest(data=piece)

    answer: dict[str, object] = {}
    pts_s: list[float] = []
    total = 0
    with grpc.insecure_channel(target) as channel:
        for response in decode_pb2_grpc.DecodeServiceStub(channel).Decode(requests(), timeout=60):
            match response.WhichOneof("message"):
                case "info":
                    answer["size"] = [response.info.width_px, response.info.height_px]
                case "chunk":
                    pts_s.extend(response.chunk.pts_s)
                    total += sum(response.chunk.frames)
                case "facts":
                    answer["num_frames"] = response.facts.num_frames
    return {**answer, "pts_s": pts_s, "sum": total}


def detected(target: str, clip: bytes) -> dict[str, object]:
    """Topology, points as [frame][2 * points], and how each frame was obtained."""

    def requests() -> Iterator[landmarks_pb2.DetectRequest]:
        header = common_pb2.MediaHeader(name="clip.mpg", size_bytes=len(clip))
        yield landmarks_pb2.DetectRequest(start=landmarks_pb2.DetectStart(media=header))
        for piece in pieces(clip):
            yield landmarks_pb2.DetectRequest(data=piece)

    answer: dict[str, object] = {}
    points: list[list[float]] = []
    sources: list[str] = []
    with grpc.insecure_channel(target) as channel:
        for response in landmarks_pb2_grpc.LandmarksServiceStub(channel).Detect(requests(), timeout=120):
            match response.WhichOneof("message"):
                case "info":
                    answer["topology"] = response.info.topology
                    frame = struct.Struct(f"<{2 * response.info.num_points}f")
                case "chunk":
                    points.extend(list(values) for values in frame.iter_unpack(response.chunk.points))
                    sources.extend(common_pb2.PointSource.Name(source) for source in response.chunk.sources)
    return {**answer, "points": points, "sources": sources}


def main() -> None:
    decode_target, landmarks_target, clip_file = sys.argv[2:]
    clip = Path(clip_file).read_bytes()
    answer = {
        "decode": decoded(decode_target, clip),
        "landmarks": detected(landmarks_target, clip),
        "stubs": visemill.v1.__file__,
        "ours": sorted(name for name in sys.modules if name.split(".")[0] in ("services", "orchestrator")),
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
