"""The client's side: pieces of a clip, what a failure means, what a caller expects."""

import json
from pathlib import Path

import grpc
import pytest

from services.base.errors import BadConfig, BadInput, Transient
from services.base.media.clip import Media
from services.base.process.settings import Settings
from services.base.rpc.client import Pieces, Remote, channel_options, connect, expectation, require_expected
from services.base.rpc.codec import DATA_BYTES

IMPATIENT = Settings(rpc_patience_s=0.0)


class Failure(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "said the library"

    def trailing_metadata(self) -> tuple[()]:
        return ()


def _fails(code: grpc.StatusCode) -> None:
    raise Failure(code)


def test_a_clip_in_memory_is_sent_in_bounded_pieces() -> None:
    data = bytes(range(256)) * (DATA_BYTES // 128) + b"end"
    pieces = list(Pieces(Media.of_bytes("c", data)))
    assert [len(p) for p in pieces] == [DATA_BYTES, DATA_BYTES, 3]
    assert b"".join(pieces) == data


def test_a_clip_on_disk_is_read_as_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "c.mpg"
    path.write_bytes(b"x" * (DATA_BYTES + 1))
    assert [len(p) for p in Pieces(Media.of_file(path))] == [DATA_BYTES, 1]


def test_an_empty_clip_has_no_pieces() -> None:
    assert list(Pieces(Media.of_bytes("c", b""))) == []


def test_a_clip_that_vanished_is_a_transient_failure_of_this_side(tmp_path: Path) -> None:
    path = tmp_path / "c.mpg"
    path.write_bytes(b"x")
    media = Media.of_file(path)
    path.unlink()
    pieces = Pieces(media)
    pieces.check()
    with pytest.raises(FileNotFoundError):
        list(pieces)
    with pytest.raises(Transient, match=r"MEDIA_UNREADABLE: c\.mpg"):
        pieces.check()


def test_a_server_that_is_away_is_transient_once_patience_ends() -> None:
    with pytest.raises(Transient, match="SERVER_UNAVAILABLE: h:1: "):
        Remote("h:1", IMPATIENT).retry_with_timeout(lambda: _fails(grpc.StatusCode.UNAVAILABLE))


@pytest.mark.parametrize(
    ("code", "kind"),
    [(grpc.StatusCode.UNIMPLEMENTED, BadConfig), (grpc.StatusCode.DEADLINE_EXCEEDED, Transient)],
)
def test_what_another_try_cannot_change_is_not_tried_again(code: grpc.StatusCode, kind: type[Exception]) -> None:
    tries = []

    def attempt() -> None:
        tries.append(code)
        _fails(code)

    with pytest.raises(kind):
        Remote("h:1", Settings(rpc_patience_s=3600.0)).retry_with_timeout(attempt)
    assert len(tries) == 1


def test_an_error_of_the_clip_passes_unchanged() -> None:
    def attempt() -> None:
        raise BadInput("NO_FACE", "m")

    with pytest.raises(BadInput, match="NO_FACE"):
        Remote("h:1", IMPATIENT).retry_with_timeout(attempt)


def test_channels_spread_calls_and_have_the_stated_limits() -> None:
    options = dict(channel_options("h:1", 7 << 20))
    assert "grpc.enable_http_proxy" not in options
    assert dict(channel_options("127.0.0.1:1", 1))["grpc.enable_http_proxy"] == 0
    assert options["grpc.max_receive_message_length"] == options["grpc.max_send_message_length"] == 7 << 20
    assert json.loads(options["grpc.service_config"]) == {"loadBalancingConfig": [{"round_robin": {}}]}


def test_an_empty_target_is_refused() -> None:
    with pytest.raises(BadConfig, match="BAD_TARGET"):
        connect(" ")


def test_a_certificate_that_cannot_be_read_is_a_bad_config(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="NO_CERTIFICATE: VISEMILL_TLS_CA"):
        connect("h:1", Settings(tls_ca=str(tmp_path / "none.pem")))


CONFIG = {"max_pixels": 9, "max_duration_s": 1.5, "name": "ä"}


def test_a_caller_that_expects_what_the_server_has_is_served() -> None:
    require_expected(expectation(CONFIG), lambda: CONFIG)


def test_a_caller_that_expects_nothing_is_served() -> None:
    require_expected((("user-agent", "x"), ("trace-bin", b"\xff")), lambda: CONFIG)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({**CONFIG, "max_pixels": 8}, "max_pixels=8 and 9"),
        ({"max_pixels": 9, "name": "ä"}, "max_duration_s=None and 1.5"),
        ({**CONFIG, "new": 1}, "new=1 and None"),
    ],
)
def test_a_caller_that_expects_something_else_is_told_what_differs(expected: dict[str, object], said: str) -> None:
    with pytest.raises(BadConfig, match="CONFIG_DIFFERS") as caught:
        require_expected(expectation(expected), lambda: CONFIG)
    assert said in caught.value.message


@pytest.mark.parametrize("text", ["not json", "3", "[1]"])
def test_an_expectation_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadConfig, match="must be a JSON object"):
        require_expected((("visemill-config", text),), lambda: CONFIG)
