"""A client that has nothing but the protos' stubs: python plain_talker_client.py STUBS TARGET WAV HEAD PERSON OUT.

Streams a WAV of 16 kHz to TalkerService a tenth of a second at a time, the third second once it has seen something, and
writes a film to OUT.mp4, or pictures, uint8 RGB [T, height, width, 3], to OUT.npy. Prints a line of JSON: what it was
told, and how many of its pieces came before all of the sound was sent. Run in a process of its own.
"""

import json
import sys
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, sys.argv[1])

import grpc
import numpy as np
from google.protobuf.json_format import MessageToDict
from visemill.v1 import talker_pb2, talker_pb2_grpc

LIMIT_S = 120


class Talk:
    def __init__(self, path: str, start: talker_pb2.SpeakStart) -> None:
        self._path, self._start = path, start
        self.seen = threading.Event()
        self.all_sent = False

    def requests(self) -> Iterator[talker_pb2.SpeakRequest]:
        yield talker_pb2.SpeakRequest(start=self._start)
        with wave.open(self._path) as sound:
            for number in range(-(-sound.getnframes() // 1600)):
                if number == 20:
                    self.seen.wait(LIMIT_S)
                yield talker_pb2.SpeakRequest(data=sound.readframes(1600))
        self.all_sent = True


def main() -> None:
    _, _, target, path, head, person, out = sys.argv
    wanted = talker_pb2.SPEAK_FORMAT_FRAMES if out.endswith(".npy") else talker_pb2.SPEAK_FORMAT_MP4
    talk = Talk(path, talker_pb2.SpeakStart(head=head, person=person, start_frame=2, format=wanted))
    told: dict[str, object] = {"num_early": 0}
    pieces: list[bytes] = []
    with grpc.insecure_channel(target) as channel:
        for answer in talker_pb2_grpc.TalkerServiceStub(channel).Speak(talk.requests(), timeout=LIMIT_S):
            kind = answer.WhichOneof("message")
            if kind in ("info", "end"):
                told[kind] = MessageToDict(getattr(answer, kind), preserving_proto_field_name=True)
                continue
            told["num_early"] += not talk.all_sent
            talk.seen.set()
            pieces.append(answer.film if kind == "film" else answer.frames.frames)
    if out.endswith(".npy"):
        size = (told["info"]["height_px"], told["info"]["width_px"], 3)
        np.save(out, np.frombuffer(b"".join(pieces), np.uint8).reshape(-1, *size))
    else:
        Path(out).write_bytes(b"".join(pieces))
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
