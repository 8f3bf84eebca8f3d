"""Detects landmarks in made frames without end, over one channel: python calling_landmarks.py TARGET NUM_THREADS.

It runs in a pod of the worker's image, as a worker would that calls the service.
"""

import sys
import threading
from collections.abc import Iterator

import numpy as np
from visemill.v1 import landmarks_pb2, landmarks_pb2_grpc

from services.base.media.video import FrameChunk
from services.base.rpc.client import Remote
from services.base.rpc.codec import frames_to_protos

NUM_FRAMES, HEIGHT_PX, WIDTH_PX = 50, 288, 360


def requests(remote: Remote, chunk: FrameChunk) -> Iterator[landmarks_pb2.DetectRequest]:
    frames = landmarks_pb2.FramesHeader(width_px=WIDTH_PX, height_px=HEIGHT_PX)
    yield landmarks_pb2.DetectRequest(start=landmarks_pb2.DetectStart(frames=frames))
    for message in frames_to_protos(chunk, remote.max_message_bytes):
        yield landmarks_pb2.DetectRequest(chunk=message)


def call_for_ever(remote: Remote, chunk: FrameChunk) -> None:
    stub = landmarks_pb2_grpc.LandmarksServiceStub(remote.channel)
    while True:
        remote.retry_with_timeout(lambda: list(stub.Detect(requests(remote, chunk), timeout=remote.deadline_s)))


def main(target: str, num_threads: int) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (NUM_FRAMES, HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    chunk = FrameChunk(0, frames, np.arange(NUM_FRAMES) / 25)
    remote = Remote(target)
    threads = [threading.Thread(target=call_for_ever, args=(remote, chunk)) for _ in range(num_threads)]
    for thread in threads:
        thread.start()
    # A thread ends only with an error, which the others would hide.
    while all(thread.is_alive() for thread in threads):
        threads[0].join(0.5)
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
