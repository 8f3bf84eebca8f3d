"""What an S3 store does when the far end misbehaves: faults are made on the wire, by a small server on loopback."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from minio.credentials import StaticProvider

from services.base.errors import BadConfig, Transient, VisemillError
from services.base.process import retry
from services.base.store.interface import Store
from services.base.store.open import open_store
from services.base.store.s3 import upload as store_s3_upload
from services.base.store.s3.client import Bucket, S3Settings

MIB = 1 << 20


class FaultyS3(ThreadingHTTPServer):
    """Objects in a dictionary. Faults are counted down as they happen; `seen` holds "METHOD name" of every request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.uploads: dict[str, tuple[dict[str, str], dict[int, bytes]]] = {}
        self.seen: list[str] = []
        self.conditions = "honoured"
        self.lose_answers_to: list[str] = []
        self.refusals: list[tuple[int, str]] = []
        self.whole_answers: list[tuple[int, bytes]] = []
        self.break_bodies_after: list[int] = []
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyS3

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name is http.server's
        """Keeps the test output quiet."""

    def handle_any(self) -> None:
        url = urlsplit(self.path)
        name, query = unquote(url.path).removeprefix("/bucket").lstrip("/"), parse_qs(url.query, keep_blank_values=True)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(f"{self.command} {name}")
        if self.server.whole_answers:
            self.send(*self.server.whole_answers.pop(0))
            return
        if self.server.refusals:
            status, code = self.server.refusals.pop(0)
            self.refuse(status, code)
            return
        answer = self.perform(name, query, body)
        if self.command in self.server.lose_answers_to:
            self.server.lose_answers_to.remove(self.command)
            self.close_connection = True
            self.connection.close()
            return
        answer()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def perform(self, name: str, query: dict[str, list[str]], body: bytes) -> Any:
        server, upload_id = self.server, query.get("uploadId", [""])[0]
        meta = {key.lower(): value for key, value in self.headers.items() if key.lower().startswith("x-amz-meta-")}
        if self.command == "POST" and "uploads" in query:
            upload_id = f"upload-{len(server.uploads)}"
            server.uploads[upload_id] = (meta, {})
            return lambda: self.send(200, f"<R><UploadId>{upload_id}</UploadId></R>".encode())
        if upload_id and upload_id not in server.uploads:
            return lambda: self.refuse(404, "NoSuchUpload")
        if self.command == "PUT" and upload_id:
            server.uploads[upload_id][1][int(query["partNumber"][0])] = body
            return lambda: self.send(200, headers={"ETag": '"part"'})
        if self.command == "DELETE" and upload_id:
            del server.uploads[upload_id]
            return lambda: self.send(204)
        if self.command in ("PUT", "POST"):
            refusal = self.condition(name)
            if refusal:
                return lambda: self.refuse(*refusal)
            if upload_id:
                meta, parts = server.uploads.pop(upload_id)
                body = b"".join(parts[number] for number in sorted(parts))
            server.objects[name] = (body, meta)
            return lambda: self.send(200, b"<R></R>" if upload_id else b"", headers={"ETag": '"x"'})
        if self.command == "DELETE":
            server.objects.pop(name, None)
            return lambda: self.send(204)
        if name not in server.objects:
            return lambda: self.refuse(404, "NoSuchKey")
        return lambda: self.deliver(name)

    def condition(self, name: str) -> tuple[int, str] | None:
        if not self.headers.get("If-None-Match") or self.server.conditions == "ignored":
            return None
        if self.server.conditions == "unknown":
            return 501, "NotImplemented"
        return (412, "PreconditionFailed") if name in self.server.objects else None

    def deliver(self, name: str) -> None:
        body, meta = self.server.objects[name]
        headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', **meta}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if self.headers.get("If-Match", headers["ETag"]) != headers["ETag"]:
            self.refuse(412, "PreconditionFailed")
        elif wanted and int(wanted[1]) >= len(body):
            self.refuse(416, "InvalidRange")
        elif wanted:
            self.send(206, body[int(wanted[1]) : int(wanted[2] or len(body)) + 1], headers)
        else:
            self.send(200, body, headers)

    def refuse(self, status: int, code: str) -> None:
        if code == "web page":
            self.send(status, b"<html>Not found</html>", {"Content-Type": "text/html"})
            return
        self.send(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Type": "application/xml", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.command == "GET" and self.server.break_bodies_after:
            self.wfile.write(body[: self.server.break_bodies_after.pop(0)])
            self.close_connection = True
            return
        self.wfile.write(body)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyS3]:
    with FaultyS3() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
        monkeypatch.setattr(retry, "CALLS", retry.Backoff(first_s=0.01, most_s=5.0, jitter=0.5))
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def store(server: FaultyS3) -> Store:
    return open_store("s3://bucket/root")


def test_a_create_whose_answer_was_lost_knows_its_own_success(server: FaultyS3, store: Store) -> None:
    server.lose_answers_to = ["PUT"]
    assert store.create("done.json", b"ours")
    assert [line for line in server.seen if line.startswith("PUT")] == ["PUT root/done.json"] * 2
    assert store.read("done.json") == b"ours"


def test_a_create_whose_answer_was_lost_does_not_claim_another_writers(server: FaultyS3, store: Store) -> None:
    server.objects["root/done.json"] = (b"theirs", {"x-amz-meta-visemill-token": "theirs"})
    server.lose_answers_to = ["HEAD", "PUT"]
    assert not store.create("done.json", b"ours")
    assert store.read("done.json") == b"theirs"


@pytest.mark.parametrize("create_only", [True, False])
def test_a_completion_whose_answer_was_lost_knows_its_own_success(
    server: FaultyS3, store: Store, monkeypatch: pytest.MonkeyPatch, create_only: bool
) -> None:
    monkeypatch.setattr(store_s3_upload, "PART_BYTES", 1000)
    with store.upload("big") as upload:
        upload.write(b"x" * 2500)
        server.lose_answers_to = ["POST"]
        assert upload.commit(create_only=create_only)
    assert store.read("big") == b"x" * 2500
    assert set(server.objects) == {"root/big"}


def test_an_upload_that_the_server_lost_is_transient(
    server: FaultyS3, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_s3_upload, "PART_BYTES", 1000)
    with pytest.raises(Transient, match="UPLOAD_LOST"), store.upload("big") as upload:
        upload.write(b"x" * 2500)
        server.uploads.clear()
        upload.commit()
    assert server.objects == {}


@pytest.mark.parametrize("conditions", ["ignored", "unknown"])
def test_without_conditional_writes_create_looks_first_and_the_probe_says_so(
    server: FaultyS3, store: Store, conditions: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.conditions = conditions
    assert store.create("a", b"1")
    assert not store.create("a", b"2")
    assert store.read("a") == b"1"
    monkeypatch.setattr(store_s3_upload, "PART_BYTES", 1000)
    for name, wins in (("a", False), ("b", True)):
        with store.upload(name) as upload:
            upload.write(b"3" * 1500)
            assert upload.commit(create_only=True) is wins
    monkeypatch.setattr("services.base.store.s3.objects.list_objects", lambda bucket, prefix, **how: iter(()))
    promises = store.probe()
    assert (promises.conditional_put, promises.conditional_complete) == (False, False)
    assert "weaker" in promises.problems()[0]


def test_a_writer_replaced_on_a_weak_server_is_told_it_lost(server: FaultyS3, store: Store) -> None:
    server.conditions = "ignored"

    class Overwritten(dict[str, tuple[bytes, dict[str, str]]]):
        def __setitem__(self, key: str, value: tuple[bytes, dict[str, str]]) -> None:
            super().__setitem__(key, (b"theirs", {"x-amz-meta-visemill-token": "theirs"}))

    server.objects = Overwritten()
    assert not store.create("a", b"ours")


@pytest.mark.parametrize(
    "refusal", [(503, "SlowDown"), (500, "InternalError"), (429, "TooMany"), (409, "OperationAborted")]
)
def test_an_overloaded_server_is_asked_again(server: FaultyS3, store: Store, refusal: tuple[int, str]) -> None:
    server.refusals = [refusal] * 3
    store.put("a", b"1")
    assert server.seen == ["PUT root/a"] * 4


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (403, "AccessDenied", BadConfig, "ACCESS_DENIED"),
        (403, "SignatureDoesNotMatch", BadConfig, "ACCESS_DENIED"),
        (403, "RequestTimeTooSkewed", BadConfig, "CLOCK_SKEW"),
        (404, "NoSuchBucket", BadConfig, "BUCKET_MISSING"),
        (301, "PermanentRedirect", BadConfig, "WRONG_REGION"),
        (507, "XMinioStorageFull", BadConfig, "DISK_FULL"),
        (400, "EntityTooLarge", BadConfig, "S3_REFUSED"),
    ],
)
def test_a_refusal_becomes_one_of_the_four_answers_at_once(
    server: FaultyS3, store: Store, status: int, code: str, kind: type[VisemillError], reason: str
) -> None:
    server.refusals = [(status, code)]
    with pytest.raises(kind) as caught:
        store.put("a", b"1")
    assert caught.value.reason == reason
    assert server.seen == ["PUT root/a"]
    assert "very-secret" not in f"{caught.value!r} {caught.value.detail}"


@pytest.mark.parametrize("refusal", [(404, "web page"), (405, "web page"), (501, "NotImplemented")])
def test_an_endpoint_that_is_no_s3_server_is_said_so(server: FaultyS3, store: Store, refusal: tuple[int, str]) -> None:
    server.refusals = [refusal] * 2
    with pytest.raises(BadConfig, match=r"S3_REFUSED.*check that the endpoint is S3"):
        list(store.list())
    with pytest.raises(BadConfig, match="S3_REFUSED"):
        store.read("a")


def _upload(store: Store) -> None:
    with store.upload("big") as upload:
        upload.write(b"x" * 2500)
        upload.commit()


BOMB = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(12))
DOCTYPES = {
    "entities of entities": f'<!DOCTYPE R [<!ENTITY a0 "ha">{BOMB}]>',
    "an entity of a file": f'<!DOCTYPE R [<!ENTITY a12 SYSTEM "file://{Path(__file__)}">]>',
    "a declaration elsewhere": '<!DOCTYPE R SYSTEM "http://127.0.0.1:9/evil.dtd">',
    "a plain one": "<!DOCTYPE R>",
}
# Some answers are parsed here and some by the client library: each request meets both.
REQUESTS: dict[str, Callable[[Store], object]] = {
    "list": lambda store: list(store.list()),
    "read": lambda store: store.read("a"),
    "upload": _upload,
}


@pytest.mark.parametrize("status", [200, 403, 404, 503])
@pytest.mark.parametrize("doctype", DOCTYPES)
def test_an_answer_that_declares_entities_is_refused_unread(
    server: FaultyS3, store: Store, monkeypatch: pytest.MonkeyPatch, doctype: str, status: int
) -> None:
    """At once, and whoever would parse it; an object's own bytes are nobody's to parse."""
    monkeypatch.setattr(store_s3_upload, "PART_BYTES", 1000)
    for name, request in REQUESTS.items():
        if status == 200 and name == "read":
            continue
        server.seen.clear()
        code = "&a12;" if "entit" in doctype else "NoSuchKey"
        text = f"<?xml version='1.0'?>{DOCTYPES[doctype]}<R><Code>{code}</Code><UploadId>{code}</UploadId></R>"
        server.whole_answers = [(status, text.encode())]
        with pytest.raises(BadConfig) as refused:
            request(store)
        assert (refused.value.reason, len(server.seen)) == ("NOT_S3", 1), name
        assert "very-secret" not in str(refused.value)


def test_an_object_may_hold_any_document(server: FaultyS3, store: Store, tmp_path: Path) -> None:
    text = f"{DOCTYPES['entities of entities']}<R>&a12;</R>".encode()
    server.objects["root/a"] = (text, {})
    assert store.read("a") == text
    store.fetch("a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == text


def test_a_bucket_region_that_declares_entities_is_refused(server: FaultyS3) -> None:
    """Asked for by the client library itself, and parsed there."""
    bucket = Bucket("bucket", S3Settings(server.endpoint, region=None), StaticProvider("key", "very-secret"))
    text = f"{DOCTYPES['entities of entities']}<LocationConstraint>&a12;</LocationConstraint>"
    server.whole_answers = [(200, text.encode())]
    with pytest.raises(BadConfig, match="NOT_S3"):
        bucket.request("GET", "a")
    assert len(server.seen) == 1


def test_a_read_that_breaks_off_is_read_again(server: FaultyS3, store: Store) -> None:
    server.objects["root/a"] = (b"0123456789", {})
    server.break_bodies_after = [4, 0]
    assert store.read("a") == b"0123456789"


def test_a_fetch_that_breaks_off_goes_on_where_it_stopped(server: FaultyS3, store: Store, tmp_path: Path) -> None:
    content = bytes(range(256)) * (3 * MIB // 256)
    server.objects["root/a"] = (content, {})
    server.break_bodies_after = [2 * MIB, MIB // 2, 0]
    store.fetch("a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == content
    assert len(server.seen) == 4


def test_a_fetch_of_what_was_replaced_meanwhile_starts_over(server: FaultyS3, store: Store, tmp_path: Path) -> None:
    class Replaced(dict[str, tuple[bytes, dict[str, str]]]):
        reads = 0

        def __getitem__(self, key: str) -> tuple[bytes, dict[str, str]]:
            self.reads += 1
            return (b"old" * MIB, {}) if self.reads == 1 else (b"new" * MIB, {})

    server.objects = Replaced({"root/a": (b"", {})})
    server.break_bodies_after = [2 * MIB]
    store.fetch("a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"new" * MIB


def test_what_stays_out_of_reach_is_transient_after_the_patience(server: FaultyS3) -> None:
    bucket = Bucket.from_environment("bucket")
    server.refusals = [(503, "SlowDown")] * 1000
    with pytest.raises(Transient, match=r"STORE_UNREACHABLE.*503 SlowDown") as caught:
        bucket.request("GET", "a", patience_s=0.3)
    assert 980 < len(server.refusals) < 1000, "asked more than once, and not for ever"
    assert "very-secret" not in str(caught.value)


def test_nobody_listening_is_transient(monkeypatch: pytest.MonkeyPatch, server: FaultyS3) -> None:
    bucket = Bucket.from_environment("bucket")
    server.server_close()
    with pytest.raises(Transient, match="STORE_UNREACHABLE"):
        bucket.request("PUT", "a", body=b"1", patience_s=0.1)


def test_a_failed_upload_is_left_to_the_cleaning(
    server: FaultyS3, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_s3_upload, "PART_BYTES", 1000)
    upload = store.upload("big")
    upload.write(b"x" * 2500)
    assert len(server.uploads) == 1
    notes = [name for name in server.objects if "/.visemill-tmp-uploads/" in name]
    assert len(notes) == 1
    assert b"upload-0" in server.objects[notes[0]][0]
    upload.abort()
    assert (server.uploads, server.objects) == ({}, {})
