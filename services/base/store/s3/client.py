"""One S3 bucket as requests and answers: where it is, who we are, what its refusals mean, when to try again.

The only module that imports `minio`, which signs and builds requests. Its public calls cannot send `If-None-Match`
(given as metadata it is ignored and the object overwritten), nor be retried a page at a time: requests go through its
`_execute`.
"""

from __future__ import annotations

import dataclasses
import os
import re
import socket
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
import urllib3
from minio import Minio
from minio.credentials import AWSConfigProvider, IamAwsProvider, Provider, StaticProvider
from minio.error import InvalidResponseError, S3Error, ServerError

from services.base.errors import BadConfig, Transient, VisemillError
from services.base.process import metrics
from services.base.process.retry import PATIENCE_S, Retryable, retry_with_timeout
from services.base.process.values import from_environment
from services.base.store.s3.xml import CheckedPool, parsed

CONNECT_LIMIT_S = 5.0
READ_LIMIT_S = 30.0
AWS_ENDPOINT = "https://s3.amazonaws.com"

VARIABLES = {
    "AWS_ENDPOINT_URL_S3": "http(s)://host[:port] of the store; AWS_ENDPOINT_URL is taken too; without them, AWS",
    "AWS_REGION": "the buckets' region; AWS_DEFAULT_REGION is taken too",
    "AWS_ACCESS_KEY_ID": "who we are; without it the profile AWS_PROFILE, then the role of the pod or machine",
    "AWS_SECRET_ACCESS_KEY": "the key's secret",
    "AWS_SESSION_TOKEN": "of a key that is lent for a time",
    "AWS_CA_BUNDLE": "PEM file of the CA that signed the store's certificate; SSL_CERT_FILE is taken too",
    "VISEMILL_S3_ADDRESSING": "path (host/bucket), virtual (bucket.host), or auto",
}
"""What the environment may say of the store, and what it means."""

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_RETRIED_STATUS = {408, 425, 429, 500, 502, 503, 504}
_RETRIED_CODES = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "ThrottlingException"}
_CONFLICT_CODES = {"ConditionalRequestConflict", "OperationAborted"}
_CODE_OF_STATUS = {404: "NoSuchKey", 412: "PreconditionFailed", 416: "InvalidRange", 501: "NotImplemented"}
_EXPECTED = {"NoSuchKey", "NoSuchUpload", "PreconditionFailed", "InvalidRange", "NotImplemented"}
_FULL_CODES = {"XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded"}


class Refused(Exception):
    """The server answered with a refusal that the caller gives a meaning. code: S3's own word, such as `NoSuchKey`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What came back: headers by case-insensitive name, the body already read."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def xml(self) -> ET.Element:
        """The body's root element. Raises BadConfig NOT_S3 for one with a DOCTYPE."""
        return parsed(self.body)


def local_name(element: ET.Element) -> str:
    """The tag without its namespace, which differs from server to server."""
    return element.tag.rpartition("}")[2]


def child_text(element: ET.Element, tag: str) -> str:
    """The text of the first child of that local name; empty if there is none."""
    return next((child.text or "" for child in element if local_name(child) == tag), "")


@dataclass(frozen=True)
class S3Settings:
    """Where S3 is. endpoint: http(s)://host[:port]. region: None lets the client ask AWS. ca_file: a PEM bundle."""

    endpoint: str = field(default=AWS_ENDPOINT, metadata={"env": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")})
    region: str | None = field(default=None, metadata={"env": ("AWS_REGION", "AWS_DEFAULT_REGION")})
    ca_file: str | None = field(default=None, metadata={"env": ("AWS_CA_BUNDLE", "SSL_CERT_FILE")})
    # auto, path or virtual.
    addressing: str = field(default="auto", metadata={"env": ("VISEMILL_S3_ADDRESSING",)})

    def __post_init__(self) -> None:
        url = urlsplit(self.endpoint)
        if url.scheme not in ("http", "https") or not url.hostname or url.path.strip("/") or url.query or url.username:
            raise BadConfig(
                "BAD_ENDPOINT",
                f"the S3 endpoint must be http(s)://host[:port] without path, query or user, not one of scheme "
                f"{url.scheme!r}, host {url.hostname!r}, path {url.path!r}; set AWS_ENDPOINT_URL_S3",
            )
        if self.addressing not in ("auto", "path", "virtual"):
            raise BadConfig(
                "BAD_ADDRESSING", f"VISEMILL_S3_ADDRESSING must be auto, path or virtual, not {self.addressing!r}"
            )
        if self.ca_file and not Path(self.ca_file).is_file():
            raise BadConfig("CA_MISSING", f"there is no CA bundle {self.ca_file}; set AWS_CA_BUNDLE to a PEM file")

    @property
    def is_aws(self) -> bool:
        return self.endpoint == AWS_ENDPOINT or (urlsplit(self.endpoint).hostname or "").endswith(".amazonaws.com")

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> S3Settings:
        """By the field's usual variables; VISEMILL_S3_ADDRESSING is ours. Raises BadConfig."""
        found: S3Settings = from_environment(cls, env)
        found = dataclasses.replace(found, endpoint=found.endpoint.rstrip("/"))
        # AWS alone knows the region of a bucket.
        return found if found.region or found.is_aws else dataclasses.replace(found, region="us-east-1")


def credentials_from_environment(env: Mapping[str, str], settings: S3Settings) -> Any:
    """A minio credentials provider: variables, then the shared file's profile, then the role of the pod or machine.

    Raises BadConfig NO_CREDENTIALS at once rather than at the first request.
    """
    key, secret = env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY")
    if key and secret:
        return StaticProvider(key, secret, env.get("AWS_SESSION_TOKEN") or None)
    tried: list[Provider] = [AWSConfigProvider()]
    in_pod = any(name in env for name in ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"))
    in_pod = in_pod or "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" in env
    on_machine = settings.is_aws and env.get("AWS_EC2_METADATA_DISABLED", "").lower() != "true"
    if in_pod or on_machine:
        http = CheckedPool(timeout=urllib3.Timeout(connect=2.0, read=5.0), retries=False)
        tried.append(IamAwsProvider(region=settings.region, http_client=http))
    for provider in tried:
        try:
            provider.retrieve()
        except (ValueError, KeyError, OSError, urllib3.exceptions.HTTPError):
            continue
        return provider
    raise BadConfig(
        "NO_CREDENTIALS",
        f"no credentials for {settings.endpoint}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    )


def _is_unknown_host(error: BaseException | None) -> bool:
    """Whether the cause is a host's name that does not exist; not a name server that does not answer."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return error.errno == socket.EAI_NONAME
        error = error.__cause__ or error.__context__
    return False


class Bucket:
    """Requests to one bucket. Safe for several threads; not across a fork."""

    def __init__(self, name: str, settings: S3Settings, credentials: Any) -> None:
        if not _BUCKET.fullmatch(name):
            raise BadConfig("BAD_URI", f"{name!r} is no bucket name; give s3://bucket/prefix with 3 to 63 letters")
        self.name = name
        self._settings = settings
        self._was_reached = False
        url = urlsplit(settings.endpoint)
        pool = CheckedPool(
            timeout=urllib3.Timeout(connect=CONNECT_LIMIT_S, read=READ_LIMIT_S),
            maxsize=16,
            retries=False,
            cert_reqs="CERT_REQUIRED",
            ca_certs=settings.ca_file or certifi.where(),
        )
        try:
            self._client = Minio(
                url.netloc,
                secure=url.scheme == "https",
                region=settings.region,
                credentials=credentials,
                http_client=pool,
            )
        except ValueError as error:
            raise BadConfig("BAD_ENDPOINT", f"{settings.endpoint} or its region is no S3 endpoint: {error}") from error
        if settings.addressing == "virtual":
            self._client.enable_virtual_style_endpoint()
        elif settings.addressing == "path":
            self._client.disable_virtual_style_endpoint()

    @classmethod
    def from_environment(cls, name: str) -> Bucket:
        settings = S3Settings.from_environment(os.environ)
        return cls(name, settings, credentials_from_environment(os.environ, settings))

    def request(
        self,
        method: str,
        key: str = "",
        *,
        body: bytes | bytearray | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Answer:
        """One answer, tried again while the server cannot be reached. Raises Refused, BadConfig, Transient."""

        def attempt() -> Answer:
            response = self._execute(method, key, body, headers, query, stream=False)
            answer = Answer(response.status, response.headers, response.data)
            # Copies and completions can fail after their 200 was sent: the error is then the body.
            if method in ("PUT", "POST") and b"<Error" in answer.body[:200]:
                error = answer.xml()
                raise self._judge(method, key, 200, child_text(error, "Code"), child_text(error, "Message"))
            return answer

        return retry_with_timeout(attempt, patience_s=patience_s)

    def download(self, key: str, headers: Mapping[str, str], take: Callable[[Answer, Any], None]) -> None:
        """One attempt at a GET whose body take(answer, pieces) consumes as it comes. Raises as `request`."""
        response = self._execute("GET", key, None, headers, None, stream=True)
        try:
            take(Answer(response.status, response.headers, b""), response.stream(1 << 20))
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable("GET", key, error) from error
        finally:
            response.close()
            response.release_conn()

    def _execute(
        self,
        method: str,
        key: str,
        body: bytes | bytearray | None,
        headers: Mapping[str, str] | None,
        query: Mapping[str, str] | None,
        *,
        stream: bool,
    ) -> Any:
        """One attempt. Raises Retryable, Refused or BadConfig."""
        try:
            with metrics.STORE_SECONDS.labels(method).time():
                response = self._client._execute(
                    method,
                    self.name,
                    key or None,
                    body=body,
                    headers=dict(headers or {}),
                    query_params=dict(query or {}),
                    preload_content=not stream,
                )
            self._was_reached = True
            return response
        except S3Error as error:
            self._was_reached = True
            raise self._judge(method, key, error.response.status, error.code or "", error.message or "") from error
        except ServerError as error:
            raise self._judge(method, key, error.status_code, "", str(error)) from error
        except InvalidResponseError as error:
            raise self._judge(method, key, int(getattr(error, "_code", 0)), "NotS3", "no XML") from error
        except ET.ParseError as error:
            raise self._unreachable(method, key, error) from error
        except urllib3.exceptions.HTTPError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                message = f"the certificate of {self._settings.endpoint} is not trusted; set AWS_CA_BUNDLE to its CA"
                raise BadConfig("BAD_CERTIFICATE", message, str(error)) from error
            raise self._unreachable(method, key, error) from error

    def _unreachable(self, method: str, key: str, error: Exception) -> Retryable | Transient:
        what = f"{self._settings.endpoint} failed at {method} {self.name}/{key}: {error}"
        away = Transient("STORE_UNREACHABLE", f"{what}; check AWS_ENDPOINT_URL_S3 and the network", str(error))
        if not self._was_reached and _is_unknown_host(error):
            # A name that nobody knows is sooner a wrong one than one that comes within the minute.
            return away
        metrics.STORE_RETRIES.labels(method).inc()
        return Retryable(away)

    def _judge(self, method: str, key: str, status: int, code: str, detail: str) -> VisemillError | Retryable | Refused:
        """What a refusal means to a run."""
        code = code or _CODE_OF_STATUS.get(status, "")
        what = f"S3 answered {status} {code or detail} to {method} {self.name}/{key} at {self._settings.endpoint}"
        if code in _CONFLICT_CODES and method == "POST":
            return Refused(code)
        if status in _RETRIED_STATUS or code in _RETRIED_CODES | _CONFLICT_CODES:
            metrics.STORE_RETRIES.labels(method).inc()
            return Retryable(Transient("STORE_UNREACHABLE", f"{what}; the server is overloaded or starting", detail))
        if code in _EXPECTED and key:
            return Refused(code)
        if code == "NoSuchBucket":
            return BadConfig("BUCKET_MISSING", f"there is no bucket {self.name}: {what}; create it, or check the uri")
        if code == "RequestTimeTooSkewed":
            return BadConfig("CLOCK_SKEW", f"{what}: this machine's clock is off; set it by NTP", detail)
        if status in (301, 307) or code == "AuthorizationHeaderMalformed":
            return BadConfig("WRONG_REGION", f"{what}; set AWS_REGION to the bucket's region", detail)
        if status in (401, 403):
            return BadConfig("ACCESS_DENIED", f"{what}; check the credentials and their policy", detail)
        if status == 507 or code in _FULL_CODES:
            return BadConfig("DISK_FULL", f"{what}: the store is full; free some space and resume", detail)
        return BadConfig("S3_REFUSED", f"{what}; check that the endpoint is S3 and does this", detail)
