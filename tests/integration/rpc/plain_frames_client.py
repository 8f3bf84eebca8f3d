"""A client that has nothing but the protos' stubs: python plain_frames_client.py STUBS DECODE FEATURES CLIP AHEAD.

Frames that DecodeService decodes go to FeatureService as they come, and never more than AHEAD of them beyond the last
vector: a server that answers only at the end is never done. Prints the vectors, as JSON. Run in a process of its own.
"""

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, sys.argv[1])

import grpc
from visemill.v1 import common_pb2, decode_pb2, decode_pb2_grpc, features_pb2, features_pb2_grpc

PIECE_BYTES = 100_000
LIMIT_S = 120


def decoded(channel: grpc.Channel, clip: bytes) -> Iterator[decode_pb2.DecodeResponse]:
    def requests() -> Iterator[decode_pb2.DecodeRequest]:
        header = common_pb2.MediaHeader(name="clip", size_bytes=len(clip))
        yield decode_pb2.DecodeRequest(start=decode_pb2.DecodeStart(media=header))
        for start in range(0, len(clip), PIECE_BYTES):
            yield decode_pb2.DecodeRequest(data=clip[start : start + PIECE_BYTES])

    return decode_pb2_grpc.DecodeServiceStub(channel).Decode(requests(), timeout=LIMIT_S)


def requests_of(
    responses: Iterator[decode_pb2.DecodeResponse], room: threading.Semaphore
) -> Iterator[features_pb2.ExtractRequest]:
    size = features_pb2.FrameSize()
    for response in responses:
        match response.WhichOneof("message"):
            case "info":
                size = features_pb2.FrameSize(width_px=response.info.width_px, height_px=response.info.height_px)
                yield features_pb2.ExtractRequest(start=features_pb2.ExtractStart(frames=size))
            case "chunk":
                frame_bytes = size.width_px * size.height_px * 3
                for i, pts_s in enumerate(response.chunk.pts_s):
                    if not room.acquire(timeout=LIMIT_S):
                        raise TimeoutError("no vector came for the frames that were sent")
                    pixels = response.chunk.frames[i * frame_bytes : (i + 1) * frame_bytes]
                    index = response.chunk.first_index + i
                    chunk = common_pb2.FrameChunk(first_index=index, pts_s=[pts_s], frames=pixels)
                    yield features_pb2.ExtractRequest(chunk=chunk)


def main() -> None:
    decode, features, clip, ahead = sys.argv[2:]
    room = threading.Semaphore(int(ahead))
    vectors, pts_s, indices, kinds = b"", [], [], []
    with grpc.insecure_channel(decode) as from_channel, grpc.insecure_channel(features) as to_channel:
        requests = requests_of(decoded(from_channel, Path(clip).read_bytes()), room)
        for response in features_pb2_grpc.FeatureServiceStub(to_channel).Extract(requests, timeout=LIMIT_S):
            kinds.append(response.WhichOneof("message"))
            if kinds[-1] == "chunk":
                vectors += response.chunk.vectors
                pts_s += response.chunk.pts_s
                indices.append(response.chunk.first_index)
                room.release(len(response.chunk.pts_s))
    ours = sorted(name for name in sys.modules if name.split(".")[0] in ("services", "orchestrator"))
    answer = {"vectors": vectors.hex(), "pts_s": pts_s, "indices": indices, "kinds": kinds, "ours": ours}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
