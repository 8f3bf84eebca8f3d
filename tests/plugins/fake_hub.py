"""A hub on loopback that answers as the Hugging Face hub does: descriptions of a revision, and files, those in Git LFS
by way of a second server of contents.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

REVISION = "db96948538811029011eee44602438a26710ecd9"
_PATH = re.compile(
    r"/(api/)?datasets/(?P<name>[^/]+/[^/]+)/(?P<what>revision|resolve)/(?P<revision>[^/]+)(/(?P<file>.+))?"
)
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_CHUNK_BYTES = 1 << 14


class Asked(NamedTuple):
    """A request. server: hub or contents."""

    server: str
    path: str
    range: str
    token: str


@dataclass
class FakeHub:
    """files: name -> bytes; of what a name ends with, zips are in Git LFS. revisions: name of a branch -> its commit.

    sends: what contents are sent instead of a file. stops_after: bytes of contents in all, after which nothing more is
    sent and connections stay open, until it is None again. cuts_after: bytes after which an answer of contents breaks
    off. gated: files are given to those who show a token. ignores_ranges: contents are sent whole.
    """

    files: Mapping[str, bytes]
    name: str = "BAAI/Chinese-LiPS"
    revisions: dict[str, str] = field(default_factory=lambda: {"main": REVISION})
    sends: dict[str, bytes] = field(default_factory=dict)
    stops_after: int | None = None
    cuts_after: int | None = None
    status: int = 0
    gated: bool = False
    ignores_ranges: bool = False
    asked: list[Asked] = field(default_factory=list)
    endpoint: str = ""
    contents: str = ""
    closed: threading.Event = field(default_factory=threading.Event)

    def ranges_of_contents(self) -> list[str]:
        return [one.range for one in self.asked if one.server == "contents"]

    def description(self, commit: str) -> dict[str, object]:
        siblings = []
        for name, data in self.files.items():
            one: dict[str, object] = {"rfilename": name, "size": len(data), "blobId": git_id(data)}
            if name.endswith(".zip"):
                one["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
            siblings.append(one)
        return {"id": self.name, "sha": commit, "private": False, "tags": [], "downloads": 0, "siblings": siblings}


def git_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def zip_of(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


@contextmanager
def served(hub: FakeHub) -> Iterator[FakeHub]:
    """Until the block ends. Each server has a port of its own: a token must not follow from one to the other."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub, name)) for name in ("hub", "contents")]
    hub.endpoint, hub.contents = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True) for server in servers]
    for server, thread in zip(servers, threads, strict=True):
        server.daemon_threads, server.block_on_close = True, False
        thread.start()
    try:
        yield hub
    finally:
        hub.closed.set()
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(hub: FakeHub, server: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Silent."""

        def do_GET(self) -> None:
            if hub.closed.is_set():
                # A connection that its client has kept open.
                self.close_connection = True
                return
            token = self.headers.get("Authorization", "")
            hub.asked.append(Asked(server, self.path, self.headers.get("Range", ""), token))
            if hub.status:
                self._send(hub.status, b"{}")
            elif server == "contents":
                name = unquote(self.path.lstrip("/"))
                self._contents(hub.sends.get(name, hub.files[name]))
            else:
                self._hub(token)

        def _hub(self, token: str) -> None:
            found = _PATH.fullmatch(urlsplit(self.path).path)
            if found is None or found["name"] != hub.name:
                self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
                return
            commit = hub.revisions.get(found["revision"], found["revision"])
            if commit not in hub.revisions.values():
                self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            elif found["what"] == "revision":
                assert parse_qs(urlsplit(self.path).query)["blobs"] == ["true"]
                self._send(200, json.dumps(hub.description(commit)).encode())
            elif hub.gated and not token:
                self._send(401, b"{}", {"X-Error-Code": "GatedRepo"})
            else:
                name = unquote(found["file"])
                if name.endswith(".zip"):
                    self._send(302, b"", {"Location": f"{hub.contents}/{name}"})
                else:
                    self._contents(hub.sends.get(name, hub.files[name]))

        def _contents(self, data: bytes) -> None:
            asked = _RANGE.fullmatch(self.headers.get("Range", ""))
            begin, end = 0, len(data)
            if asked and not hub.ignores_ranges:
                begin, end = int(asked[1]), min(int(asked[2] or len(data) - 1) + 1, len(data))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(end - begin))
            self.end_headers()
            sent = 0
            for at in range(begin, end, _CHUNK_BYTES):
                chunk = data[at : min(at + _CHUNK_BYTES, end)]
                if server == "contents" and hub.stops_after is not None:
                    while hub.stops_after is not None and sent + len(chunk) > hub.stops_after:
                        if hub.closed.wait(0.05):
                            return
                if server == "contents" and hub.cuts_after is not None and sent + len(chunk) > hub.cuts_after:
                    self.close_connection = True
                    return
                # Who was killed hears nothing.
                with suppress(ConnectionError):
                    self.wfile.write(chunk)
                sent += len(chunk)

        def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


class Seen:
    """A watch that keeps what it is shown."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.phases: list[tuple[str, int, int]] = []
        self.counts: list[int] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def waiting(self, doing: str) -> nullcontext[None]:
        self.said.append(doing)
        return nullcontext()

    @contextmanager
    def phase(self, doing: str, total_bytes: int, num_bytes: int) -> Iterator[Callable[[int], None]]:
        self.phases.append((doing, total_bytes, num_bytes))
        yield self.counts.append
