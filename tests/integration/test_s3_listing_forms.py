"""Pages of a listing as servers of several makes send them: each is read whole, in whichever form its objects come."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from services.base.store.s3.client import Bucket
from services.base.store.s3.objects import Listed, list_objects

TIME, DATE = "2026-11-21T16:46:39.409Z", "Sat, 21 Nov 2026 16:46:40 GMT"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
BARE = "<ListBucketResult>"
QUOTED = f"<LastModified>{TIME}</LastModified><ETag>&quot;e1&quot;</ETag>"
FORMS = {
    "MinIO": HEAD + "<Contents><Key>in/a+b%26%25</Key>"
    f"<LastModified>{TIME}</LastModified><ETag>&#34;e1&#34;</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass>"
    "</Contents>",
    "SeaweedFS": HEAD + "<Contents><Key>in/a+b%26%25</Key>"
    f"<ETag>&#34;e1&#34;</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass><LastModified>{TIME}</LastModified>"
    "</Contents>",
    "AWS": HEAD + f"<Contents><Key>in/a+b%26%25</Key>{QUOTED}"
    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>7</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>",
    "Ceph": HEAD + f"<Contents><Key>in/a+b%26%25</Key>{QUOTED}"
    "<Size>7</Size><StorageClass>STANDARD</StorageClass><Owner><ID>1</ID><DisplayName>o</DisplayName></Owner>"
    "<Type>Normal</Type></Contents>",
    "no namespace, on several lines": BARE + "<Contents>\n <Key>in/a+b%26%25</Key>\n "
    f"<Size>7</Size>\n <ETag>\"e1\"</ETag>\n <LastModified>{TIME}</LastModified>\n</Contents>",
    "a prefixed namespace": '<s:ListBucketResult xmlns:s="urn:s"><s:Contents><s:Key>in/a+b%26%25</s:Key>'
    f"<s:Size>7</s:Size><s:ETag>e1</s:ETag><s:LastModified>{TIME}</s:LastModified></s:Contents>",
}  # fmt: skip


class Pages(ThreadingHTTPServer):
    """Two pages: the form's object, then `in/last` in MinIO's form. The token of the second is not plain text."""

    form = ""

    def page(self, token: str) -> str:
        if not token:
            end = "<IsTruncated>true</IsTruncated><NextContinuationToken>&lt;2&amp;=</NextContinuationToken>"
            if self.form.startswith("<s:"):
                return (
                    self.form
                    + end.replace("</", "</s:").replace("<I", "<s:I").replace("<N", "<s:N")
                    + ("</s:ListBucketResult>")
                )
            return f"{self.form}{end}</ListBucketResult>"
        assert token == "<2&="
        last = FORMS["MinIO"].replace("a+b%26%25", "last")
        return f"{last}<IsTruncated>false</IsTruncated></ListBucketResult>"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        body = self.server.page(query.get("continuation-token", [""])[0]).encode()
        self.send_response_only(200)
        self.send_header("Date", DATE)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Of no interest."""


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    with Pages(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "knows")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", FORMS)
def test_every_object_of_every_page_is_read(name: str, pages: Pages) -> None:
    pages.form = FORMS[name]
    assert list(list_objects(Bucket.from_environment("bucket"), "in/")) == [
        Listed("in/a b&%", 7, "e1", TIME, DATE),
        Listed("in/last", 7, "e1", TIME, DATE),
    ]
