"""A clip read by a server of LipreadingService: `python -m services.lipreading.ask CLIP --server HOST:PORT`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from visemill.v1 import common_pb2, lipreading_pb2, lipreading_pb2_grpc

from services.base.errors import EXIT_OK, BadInput, VisemillError
from services.base.media.clip import Media
from services.base.rpc.client import Pieces, Remote
from services.base.store.by_digest import is_uri

_Request = lipreading_pb2.TranscribeRequest


def transcript_of(target: str, clip: str, *, cropped: bool = False) -> dict[str, Any]:
    """What the server reads in a file, or in what a URI names below its allowed roots: as `once` tells it, and which
    network has read it. cropped: the clip shows a mouth alone, of the bundle's size.

    Raises BadInput NOT_READABLE, what the server refuses the clip with, and Transient where it stays away.
    """
    name = clip.rpartition("/")[2]
    media = None if is_uri(clip) else _media(clip, name)
    header = common_pb2.MediaHeader(name=name, **({"uri": clip} if media is None else {"size_bytes": media.size_bytes}))
    start = lipreading_pb2.TranscribeStart(media=header, cropped=cropped)
    remote = Remote(target)
    with remote.channel:
        stub = lipreading_pb2_grpc.LipreadingServiceStub(remote.channel)  # type: ignore[no-untyped-call]

        def attempt() -> list[lipreading_pb2.TranscribeResponse]:
            requests = _requests(start, () if media is None else Pieces(media))
            return list(stub.Transcribe(requests, timeout=remote.deadline_s))

        *_, last = remote.retry_with_timeout(attempt)
    return _told(last.transcript)


def _media(clip: str, name: str) -> Media:
    try:
        return Media.of_bytes(name, Path(clip).read_bytes())
    except OSError as error:
        raise BadInput("NOT_READABLE", f"{clip} cannot be read ({error.strerror}): give the file of a clip") from error


def _requests(start: lipreading_pb2.TranscribeStart, pieces: Iterable[bytes]) -> Iterator[_Request]:
    yield _Request(start=start)
    for piece in pieces:
        yield _Request(data=piece)


def _told(found: lipreading_pb2.Transcript) -> dict[str, Any]:
    return {
        "text": found.text,
        "times_s": [round(one.time_s, 3) for one in found.characters],
        "probs": [round(one.probability, 4) for one in found.characters],
        "log_prob": round(found.log_prob, 4),
        "score": round(found.score, 4),
        "num_frames": found.num_frames,
        "cropped": found.cropped,
        "recipe": found.recipe,
        "model_sha256": found.model_sha256,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Prints what was read, as JSON. Exit codes: 0, or that of what failed."""
    parser = argparse.ArgumentParser(prog="python -m services.lipreading.ask", description=__doc__)
    parser.add_argument("clip", metavar="CLIP", help="file, or its URI below a root that the server allows")
    parser.add_argument("--server", required=True, metavar="HOST:PORT", help="of LipreadingService")
    parser.add_argument("--cropped", action="store_true", help="the clip shows a mouth alone, of the bundle's size")
    flags = parser.parse_args(argv)
    try:
        told = transcript_of(flags.server, flags.clip, cropped=flags.cropped)
    except VisemillError as error:
        sys.stderr.write(json.dumps(error.fields()) + "\n")
        return error.exit_code
    sys.stdout.write(json.dumps(told) + "\n")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
