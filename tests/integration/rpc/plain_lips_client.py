"""A client that has nothing but the protos' stubs: python plain_lips_client.py STUBS TARGET FRAMES.npy [INTERIM_S].

Streams mouths, uint8 [T, height, width, 3] at 25 a second, to LipreadingService a frame at a time, and prints what it
answers, a line of JSON each. Run in a process of its own.
"""

import json
import sys
import time
from collections.abc import Iterator

sys.path.insert(0, sys.argv[1])

import grpc
import numpy as np
from visemill.v1 import common_pb2, landmarks_pb2, lipreading_pb2, lipreading_pb2_grpc

LIMIT_S = 60


def requests(path: str, interim_s: float) -> Iterator[lipreading_pb2.TranscribeRequest]:
    frames_THWC = np.load(path, allow_pickle=False)
    header = landmarks_pb2.FramesHeader(width_px=frames_THWC.shape[2], height_px=frames_THWC.shape[1])
    start = lipreading_pb2.TranscribeStart(frames=header, cropped=True, interim_s=interim_s)
    yield lipreading_pb2.TranscribeRequest(start=start)
    for i, frame_HWC in enumerate(frames_THWC):
        chunk = common_pb2.FrameChunk(first_index=i, pts_s=[i / 25], frames=frame_HWC.tobytes())
        yield lipreading_pb2.TranscribeRequest(chunk=chunk)
        if interim_s and i % 25 == 0:
            # Somewhat as a camera gives them, so that there is time for a text.
            time.sleep(0.5)


def main() -> None:
    _, _, target, path, *interim_s = sys.argv
    with grpc.insecure_channel(target) as channel:
        stub = lipreading_pb2_grpc.LipreadingServiceStub(channel)
        for answer in stub.Transcribe(requests(path, float(*interim_s or [0])), timeout=LIMIT_S):
            kind = answer.WhichOneof("message")
            found = getattr(answer, kind)
            told = {"kind": kind, "text": found.text}
            if kind == "interim":
                told |= {"from_s": found.from_s, "until_s": found.until_s}
            else:
                told |= {"times_s": [one.time_s for one in found.characters], "frames": found.num_frames}
            sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
