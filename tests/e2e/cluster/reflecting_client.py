"""A client of AudioService that has grpcio and nothing of ours: the server says what it may be asked, as to grpcurl.

python -I reflecting_client.py TARGET SOUND NOT_A_SOUND: prints as JSON which services there are, what became of the
sound (info, sha256 of the samples, facts), and how the other file was refused.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVICE = "visemill.v1.AudioService"
PIECE_BYTES = 1 << 16


class Reflected:
    """A server's calls, by what the server says of them."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self._database = ProtoReflectionDescriptorDatabase(channel)
        self._pool = DescriptorPool(self._database)

    def services(self) -> list[str]:
        return sorted(self._database.get_services())

    def stream(self, name: str, requests: Iterator[dict[str, Any]]) -> Iterator[Any]:
        """A call of SERVICE whose requests are fields by their names."""
        method = self._pool.FindServiceByName(SERVICE).FindMethodByName(name)
        request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        path = f"/{SERVICE}/{name}"
        call = self._channel.stream_stream(path, request.SerializeToString, response.FromString)
        return call((request(**fields) for fields in requests), timeout=60)


def pieces(path: str) -> Iterator[dict[str, Any]]:
    data = Path(path).read_bytes()
    # -1: as many samples a second as the source has.
    yield {"start": {"media": {"name": path, "size_bytes": len(data)}, "sample_rate_hz": -1}}
    for i in range(0, len(data), PIECE_BYTES):
        yield {"data": data[i : i + PIECE_BYTES]}


def main(target: str, sound: str, not_a_sound: str) -> None:
    said: dict[str, Any] = {}
    samples = hashlib.sha256()
    with grpc.insecure_channel(target) as channel:
        server = Reflected(channel)
        said["services"] = server.services()
        for answer in server.stream("DecodeAudio", pieces(sound)):
            kind = answer.WhichOneof("message")
            if kind == "chunk":
                samples.update(answer.chunk.samples)
            else:
                said[kind] = MessageToDict(getattr(answer, kind), preserving_proto_field_name=True)
        try:
            list(server.stream("DecodeAudio", pieces(not_a_sound)))
        except grpc.RpcError as error:
            said["refused"] = error.code().name
    said["samples"] = samples.hexdigest()
    said["ours"] = sorted(
        name for name in sys.modules if name.split(".")[0] in ("services", "orchestrator", "visemill")
    )
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
