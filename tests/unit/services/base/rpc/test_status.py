"""Errors as gRPC statuses, and back to the same class."""

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadConfig, BadInput, BadShard, Transient, VisemillError
from services.base.rpc.status import DOMAIN, clipped, code_of, error_of, status_of


class Failure(grpc.RpcError):
    """What a client library raises: a code, a message and trailers."""

    def __init__(self, code: grpc.StatusCode, details: str = "", trailers: tuple[tuple[str, bytes], ...] = ()) -> None:
        self._code = code
        self._details = details
        self._trailers = trailers

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        return self._trailers


def _travelled(error: VisemillError) -> VisemillError:
    status = status_of(error)
    return error_of(Failure(status.code, status.details, tuple(status.trailing_metadata)))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("NO_FACE", "m"), "INVALID_ARGUMENT"),
        (BadConfig("NO_MODEL", "m"), "FAILED_PRECONDITION"),
        (BadShard("TOO_MANY", "m"), "FAILED_PRECONDITION"),
        (Transient("DRAINING", "m"), "UNAVAILABLE"),
        (Transient("SERVER_BUSY", "m"), "RESOURCE_EXHAUSTED"),
        (Transient("DEADLINE_EXCEEDED", "m"), "DEADLINE_EXCEEDED"),
        (BadInput("SERVER_BUSY", "m"), "INVALID_ARGUMENT"),
        (VisemillError("INTERNAL_ERROR", "m"), "INTERNAL"),
    ],
)
def test_each_error_has_its_code_and_comes_back_as_itself(error: VisemillError, code: str) -> None:
    assert code_of(error).name == code
    back = _travelled(error)
    assert type(back) is type(error)
    assert back.reason == error.reason


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(st.sampled_from([BadInput, BadConfig, BadShard, Transient]), TEXT, TEXT)
def test_what_an_error_says_arrives_unchanged(kind: type[VisemillError], message: str, detail: str) -> None:
    back = _travelled(kind("SOME_REASON", message, detail))
    assert (type(back), back.message, back.detail) == (kind, message, detail)


def test_the_status_carries_an_error_info_that_any_client_can_read() -> None:
    trailers = dict(status_of(BadInput("NO_FACE", "m", "d")).trailing_metadata)
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain, dict(info.metadata)) == ("NO_FACE", DOMAIN, {"kind": "BAD_INPUT", "detail": "d"})


def test_a_long_story_fits_into_the_trailers_that_clients_take() -> None:
    status = status_of(BadInput("LONG", "ä" * 9000, "\udcff" + "x" * 9000))
    ((_, packed),) = status.trailing_metadata
    # As sent: the message percent-encoded, the details in base64.
    assert len(status.details.encode()) * 3 + len(packed) * 4 / 3 < 8 << 10
    assert status.details.endswith("…")


@pytest.mark.parametrize(
    ("failure", "kind", "reason"),
    [
        (Failure(grpc.StatusCode.UNAVAILABLE, "connection refused"), Transient, "SERVER_UNAVAILABLE"),
        (Failure(grpc.StatusCode.DEADLINE_EXCEEDED), Transient, "DEADLINE_EXCEEDED"),
        (Failure(grpc.StatusCode.CANCELLED), Transient, "SERVER_UNAVAILABLE"),
        (Failure(grpc.StatusCode.INTERNAL, "RST_STREAM"), Transient, "SERVER_UNAVAILABLE"),
        (Failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "Concurrent RPC limit"), Transient, "SERVER_UNAVAILABLE"),
        (
            Failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max (9 vs. 8)"),
            BadInput,
            "MESSAGE_TOO_LARGE",
        ),
        (Failure(grpc.StatusCode.UNIMPLEMENTED), BadConfig, "CALL_REFUSED"),
        (Failure(grpc.StatusCode.UNAUTHENTICATED), BadConfig, "CALL_REFUSED"),
        (Failure(grpc.StatusCode.PERMISSION_DENIED), BadConfig, "CALL_REFUSED"),
    ],
)
def test_a_failure_without_our_details_goes_by_its_code(
    failure: Failure, kind: type[VisemillError], reason: str
) -> None:
    back = error_of(failure)
    assert (type(back), back.reason) == (kind, reason)


def test_details_of_another_domain_are_not_ours() -> None:
    status = status_of(BadInput("NO_FACE", "m"))
    ((key, packed),) = status.trailing_metadata
    foreign = packed.replace(DOMAIN.encode(), b"x" * len(DOMAIN))
    assert type(error_of(Failure(grpc.StatusCode.INVALID_ARGUMENT, "m", ((key, foreign),)))) is Transient


def test_details_that_contradict_the_status_are_not_believed() -> None:
    trailers = tuple(status_of(BadInput("NO_FACE", "m")).trailing_metadata)
    assert type(error_of(Failure(grpc.StatusCode.UNAVAILABLE, "gone", trailers))) is Transient


@given(st.text(max_size=60), st.integers(3, 40))
def test_clipped_text_is_valid_and_within_its_bytes(text: str, max_bytes: int) -> None:
    cut = clipped(text, max_bytes)
    assert len(cut.encode()) <= max_bytes
    if len(text.encode(errors="replace")) <= max_bytes:
        assert cut == text.encode(errors="replace").decode()
