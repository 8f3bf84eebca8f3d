"""Where S3 is and who we are, by the field's usual variables; no secret in any message."""

import socket
from pathlib import Path

import pytest
from minio.credentials import StaticProvider

from services.base.errors import BadConfig, Transient
from services.base.store.open import open_store
from services.base.store.s3.client import (
    AWS_ENDPOINT,
    Answer,
    Bucket,
    S3Settings,
    child_text,
    credentials_from_environment,
)

LOCAL = S3Settings("http://127.0.0.1:9", "us-east-1")


@pytest.mark.parametrize(
    ("env", "settings"),
    [
        ({}, S3Settings(AWS_ENDPOINT, None)),
        ({"AWS_REGION": "eu-west-1"}, S3Settings(AWS_ENDPOINT, "eu-west-1")),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, S3Settings(AWS_ENDPOINT, "eu-west-1")),
        ({"AWS_REGION": "a-1", "AWS_DEFAULT_REGION": "b-2"}, S3Settings(AWS_ENDPOINT, "a-1")),
        ({"AWS_ENDPOINT_URL": "http://minio:9000/"}, S3Settings("http://minio:9000", "us-east-1")),
        (
            {"AWS_ENDPOINT_URL": "http://a:1", "AWS_ENDPOINT_URL_S3": "http://b:2"},
            S3Settings("http://b:2", "us-east-1"),
        ),
        (
            {"AWS_ENDPOINT_URL": "http://a:1", "VISEMILL_S3_ADDRESSING": "virtual"},
            S3Settings("http://a:1", "us-east-1", None, "virtual"),
        ),
    ],
)
def test_settings_come_from_the_usual_variables(env: dict[str, str], settings: S3Settings) -> None:
    assert S3Settings.from_environment(env) == settings


def test_a_ca_bundle_must_exist(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    env = {"AWS_CA_BUNDLE": str(tmp_path / "ca.pem"), "SSL_CERT_FILE": str(tmp_path / "no.pem")}
    assert S3Settings.from_environment(env).ca_file == str(tmp_path / "ca.pem")
    with pytest.raises(BadConfig, match="CA_MISSING"):
        S3Settings.from_environment({"AWS_CA_BUNDLE": str(tmp_path / "no.pem")})


@pytest.mark.parametrize(
    "endpoint",
    ["minio:9000", "ftp://minio", "http://", "http://minio/path", "http://minio?x=1", "http://user:hunter2@minio:9000"],
)
def test_a_bad_endpoint_is_refused_without_repeating_secrets(endpoint: str) -> None:
    with pytest.raises(BadConfig, match="BAD_ENDPOINT") as caught:
        S3Settings(endpoint)
    assert "hunter2" not in str(caught.value)


def test_addressing_is_one_of_three() -> None:
    with pytest.raises(BadConfig, match="BAD_ADDRESSING"):
        S3Settings.from_environment({"VISEMILL_S3_ADDRESSING": "both"})


def test_credentials_from_variables_and_from_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
    given = credentials_from_environment(env, LOCAL).retrieve()
    assert (given.access_key, given.secret_key, given.session_token) == ("id", "secret", "token")
    (tmp_path / "credentials").write_text("[lab]\naws_access_key_id = id2\naws_secret_access_key = secret2\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    given = credentials_from_environment({}, LOCAL).retrieve()
    assert (given.access_key, given.secret_key) == ("id2", "secret2")
    monkeypatch.setenv("AWS_PROFILE", "other")
    with pytest.raises(BadConfig, match="NO_CREDENTIALS"):
        credentials_from_environment({}, LOCAL)


@pytest.mark.parametrize("uri", ["s3://", "s3://ab", "s3://-bucket/x", "s3://bucket/a/../b", "s3://bucket//a//b"])
def test_a_bad_uri_is_refused(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(BadConfig, match="BAD_URI"):
        open_store(uri)


def test_opening_a_store_asks_nothing_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    store = open_store("s3://bucket/a/b/")
    assert store.uri == "s3://bucket/a/b"
    assert "hunter2" not in repr(store)


def test_virtual_addressing_puts_the_bucket_into_the_host() -> None:
    credentials = credentials_from_environment({"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "s"}, LOCAL)
    hosts = []
    for addressing in ("path", "virtual"):
        bucket = Bucket("bucket", S3Settings("http://host:1", "us-east-1", None, addressing), credentials)  # type: ignore[arg-type]
        url = bucket._client._base_url.build(method="GET", region="us-east-1", bucket_name="bucket", object_name="a b")
        hosts.append(url.geturl())
    assert hosts == ["http://host:1/bucket/a%20b", "http://bucket.host:1/a%20b"]


def test_answers_are_read_in_any_namespace() -> None:
    for namespace in ("", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'):
        root = Answer(200, {}, f"<R{namespace}><UploadId>u</UploadId></R>".encode()).xml()
        assert (child_text(root, "UploadId"), child_text(root, "Other")) == ("u", "")


@pytest.mark.parametrize(
    ("number", "is_retried"),
    [
        pytest.param(socket.EAI_NONAME, False, id="a name that nobody knows is wrong, and said at once"),
        pytest.param(socket.EAI_AGAIN, True, id="a name server that does not answer now"),
    ],
)
def test_a_host_that_does_not_exist_is_said_at_once(number: int, is_retried: bool, monkeypatch) -> None:
    looked_up = []

    def lookup(*_: object, **__: object) -> None:
        looked_up.append(number)
        raise socket.gaierror(number, "as the resolver says")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    bucket = Bucket("bucket", S3Settings("http://there.invalid:9", "us-east-1"), StaticProvider("key", "secret"))
    with pytest.raises(Transient, match=r"http://there\.invalid:9 .*check AWS_ENDPOINT_URL_S3"):
        bucket.request("GET", patience_s=1.5)
    assert (len(looked_up) > 1) == is_retried
