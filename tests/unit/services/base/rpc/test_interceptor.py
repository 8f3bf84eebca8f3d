"""What surrounds every call of a server: admission, time, errors, one log line, metrics."""

import logging
import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from prometheus_client import generate_latest

from services.base.errors import BadConfig, BadInput, Transient, VisemillError
from services.base.process import log
from services.base.process.metrics import CallMetrics
from services.base.rpc.interceptor import Call, CallInterceptor, Gate, call_abandoned, current_call
from services.base.rpc.status import error_of

METHOD = "/visemill.v1.DecodeService/Decode"


class Aborted(Exception):
    """What a context raises once it has taken a status."""


class Context:
    """A call's context as grpc gives it. left_s: until the caller's deadline."""

    def __init__(self, left_s: float = 10.0) -> None:
        self.left_s = left_s
        self.active = True
        self.cancelled = False
        self.status: Any = None

    def time_remaining(self) -> float:
        return self.left_s

    def is_active(self) -> bool:
        return self.active

    def cancel(self) -> None:
        self.cancelled = True

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    def abort_with_status(self, status: Any) -> None:
        self.status = status
        raise Aborted

    def error(self) -> VisemillError:
        """The error that the caller gets."""
        failure = grpc.RpcError()
        failure.code = lambda: self.status.code  # type: ignore[attr-defined]
        failure.details = lambda: self.status.details  # type: ignore[attr-defined]
        failure.trailing_metadata = lambda: self.status.trailing_metadata  # type: ignore[attr-defined]
        return error_of(failure)


class Answers:
    """Calls behaviors through an interceptor, as a server does."""

    def __init__(self, most_calls: int = 1, most_s: float = 60.0) -> None:
        self.gate = Gate(most_calls)
        self.metrics = CallMetrics()
        self._interceptor = CallInterceptor(self.gate, most_s, self.metrics)

    def stream(self, behavior: Callable[[Any, Any], Any], context: Context, method: str = METHOD) -> Iterator[Any]:
        handler = grpc.stream_stream_rpc_method_handler(behavior)
        details: Any = SimpleNamespace(method=method, invocation_metadata=())
        wrapped = self._interceptor.intercept_service(lambda _: handler, details)
        answers: Iterator[Any] = wrapped.stream_stream(iter([]), context)
        return answers

    def unary(self, behavior: Callable[[Any, Any], Any], context: Context) -> Any:
        handler = grpc.unary_unary_rpc_method_handler(behavior)
        details: Any = SimpleNamespace(method=METHOD, invocation_metadata=())
        return self._interceptor.intercept_service(lambda _: handler, details).unary_unary("request", context)

    def text(self) -> str:
        return generate_latest(self.metrics.registry).decode()


def _raising(error: BaseException) -> Callable[[Any, Any], Iterator[int]]:
    def behavior(requests: Any, context: Any) -> Iterator[int]:
        yield 1
        raise error

    return behavior


def test_answers_pass_through_and_the_call_is_counted() -> None:
    answers = Answers()
    assert list(answers.stream(lambda requests, context: iter([1, 2]), Context())) == [1, 2]
    assert answers.unary(lambda request, context: request.upper(), Context()) == "REQUEST"
    assert f'visemill_calls_total{{code="OK",method="{METHOD}"}} 2.0' in answers.text()
    assert f'visemill_calls_running{{method="{METHOD}"}} 0.0' in answers.text()


@pytest.mark.parametrize(
    "error", [BadInput("NO_FACE", "m", "d"), BadConfig("NO_MODEL", "m"), Transient("SERVER_BUSY", "m")]
)
def test_our_errors_reach_the_caller_as_themselves(error: VisemillError) -> None:
    context = Context()
    with pytest.raises(Aborted):
        list(Answers().stream(_raising(error), context))
    back = context.error()
    assert (type(back), back.reason, back.message, back.detail) == (
        type(error),
        error.reason,
        error.message,
        error.detail,
    )


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("the secret path"), VisemillError("INTERNAL_ERROR", "the secret path", "trace")]
)
def test_of_a_bug_the_caller_gets_an_id_and_the_log_all_of_it(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    context = Context()
    with caplog.at_level(logging.INFO), pytest.raises(Aborted):
        list(Answers().stream(_raising(error), context))
    back = context.error()
    assert context.status.code is grpc.StatusCode.INTERNAL
    assert type(back) is VisemillError
    assert "secret" not in back.message + back.detail
    bug = next(record for record in caplog.records if record.exc_info)
    assert "the secret path" in bug.getMessage()
    assert back.message.split()[-1] in bug.getMessage()


def test_calls_beyond_the_limit_are_told_that_the_server_is_busy() -> None:
    answers = Answers(most_calls=1)
    first = answers.stream(lambda requests, context: iter([1, 2]), Context())
    assert next(first) == 1
    context = Context()
    with pytest.raises(Aborted):
        list(answers.stream(lambda requests, context: iter([1]), context))
    assert (type(context.error()), context.error().reason) == (Transient, "SERVER_BUSY")
    assert context.status.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert list(first) == [2]
    assert list(answers.stream(lambda requests, context: iter([1]), Context())) == [1]


@pytest.mark.parametrize("error", [BadInput("NO_FACE", "m"), ZeroDivisionError()])
def test_a_failed_call_leaves_its_place(error: Exception) -> None:
    answers = Answers(most_calls=1)
    with pytest.raises(Aborted):
        list(answers.stream(_raising(error), Context()))
    assert answers.gate.wait_empty(0)


def test_a_caller_that_hangs_up_leaves_its_place_and_closes_the_work() -> None:
    answers = Answers(most_calls=1)
    closed = []

    def behavior(requests: Any, context: Any) -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    stream: Any = answers.stream(behavior, Context())
    assert next(stream) == 1
    stream.close()
    assert closed == [True]
    assert answers.gate.wait_empty(0)
    assert 'code="CANCELLED"' in answers.text()


def test_nobody_is_told_of_an_error_once_the_caller_has_gone() -> None:
    context = Context()

    def behavior(requests: Any, context: Any) -> Iterator[int]:
        yield 1
        context.active = False
        raise Transient("STOPPED", "asked to stop")

    answers = Answers()
    assert list(answers.stream(behavior, context)) == [1]
    assert context.status is None
    assert 'code="CANCELLED"' in answers.text()


def test_a_closed_gate_sends_callers_elsewhere() -> None:
    answers = Answers()
    answers.gate.close()
    context = Context()
    with pytest.raises(Aborted):
        list(answers.stream(lambda requests, context: iter([1]), context))
    assert context.status.code is grpc.StatusCode.UNAVAILABLE
    assert context.error().reason == "DRAINING"


def test_reflection_needs_no_place_and_health_is_not_touched() -> None:
    answers = Answers(most_calls=1)
    first = answers.stream(lambda requests, context: iter([1, 2]), Context())
    next(first)
    reflected = answers.stream(lambda requests, context: iter([3]), Context(), "/grpc.reflection.v1alpha.R/Info")
    assert list(reflected) == [3]
    details: Any = SimpleNamespace(method="/grpc.health.v1.Health/Watch", invocation_metadata=())
    handler = grpc.unary_stream_rpc_method_handler(lambda request, context: iter([]))
    interceptor = CallInterceptor(answers.gate, 60.0, answers.metrics)
    assert interceptor.intercept_service(lambda _: handler, details) is handler


@pytest.mark.parametrize("asked_s", [math.inf, 61.0])
def test_a_call_that_asks_for_more_than_the_cap_gets_the_cap(asked_s: float) -> None:
    call = Call(METHOD, Context(asked_s), 60.0)  # type: ignore[arg-type]
    assert call.capped
    assert 59.0 < call.remaining_s() <= 60.0


def test_a_shorter_deadline_is_the_callers_and_grpc_keeps_it() -> None:
    call = Call(METHOD, Context(5.0), 60.0)  # type: ignore[arg-type]
    assert not call.capped
    assert 4.0 < call.remaining_s() <= 5.0


def test_a_call_past_its_time_is_transient() -> None:
    call = Call(METHOD, Context(0.0), 60.0)  # type: ignore[arg-type]
    assert call.expired()
    with pytest.raises(Transient, match="DEADLINE_EXCEEDED"):
        call.remaining_s()


def test_a_call_whose_caller_has_gone_has_no_time_left() -> None:
    context = Context()
    call = Call(METHOD, context, 60.0)  # type: ignore[arg-type]
    context.active = False
    with pytest.raises(Transient, match="CANCELLED"):
        call.remaining_s()


def test_work_can_ask_whether_its_caller_has_gone() -> None:
    context = Context()
    seen = []

    def behavior(requests: Any, context: Any) -> Iterator[int]:
        seen.append(call_abandoned())
        context.active = False
        seen.append(call_abandoned())
        context.active = True
        assert current_call().context is context
        yield 1

    list(Answers().stream(behavior, context))
    assert seen == [False, True]
    assert not call_abandoned()
    with pytest.raises(RuntimeError, match="no call"):
        current_call()


def test_one_line_a_call_says_what_it_was_and_how_it_ended(caplog: pytest.LogCaptureFixture) -> None:
    def behavior(requests: Any, context: Any) -> Iterator[int]:
        current_call().note(clip="s1/bbaf2n")
        yield 1
        raise BadInput("NO_FACE", "no face in it")

    bound = []

    class Watch(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            bound.append(dict(log._BOUND.get()))
            return True

    watch = Watch()
    caplog.handler.addFilter(watch)
    try:
        with caplog.at_level(logging.INFO, "services.base.rpc.interceptor"), pytest.raises(Aborted):
            list(Answers().stream(behavior, Context()))
    finally:
        caplog.handler.removeFilter(watch)
    (record,) = caplog.records
    fields = log.fields_of(record)
    assert fields["method"] == METHOD
    assert (fields["code"], fields["kind"], fields["reason"]) == ("INVALID_ARGUMENT", "BAD_INPUT", "NO_FACE")
    assert fields["peer"] == "ipv4:127.0.0.1:1"
    assert bound == [{"clip": "s1/bbaf2n"}]


def test_what_a_call_noted_is_gone_with_it() -> None:
    def behavior(requests: Any, context: Any) -> Iterator[int]:
        current_call().note(clip="c")
        yield 1

    list(Answers().stream(behavior, Context()))
    assert dict(log._BOUND.get()) == {}


def test_a_full_gate_waits_for_its_last_call() -> None:
    gate = Gate(1)
    gate.enter()
    assert not gate.wait_empty(0)
    with pytest.raises(Transient, match="SERVER_BUSY"):
        gate.enter()
    gate.leave()
    assert gate.wait_empty(0)
