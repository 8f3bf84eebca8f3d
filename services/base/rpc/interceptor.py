"""What happens around every call of a server: admission, a cap on its time, errors to statuses, one log line, metrics.

Servicers raise the classes of services/base/errors.py and know nothing of this.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import grpc

from services.base.errors import Transient, VisemillError
from services.base.process import log
from services.base.process.metrics import CallMetrics
from services.base.rpc.status import code_of, status_of

_LOG = logging.getLogger(__name__)
# A call past its time is told so by the code that waits on its work; this long after, it is cut off whatever it does.
_CUT_OFF_S = 2.0
_HEALTH = "/grpc.health."
_INFRASTRUCTURE = "/grpc."

_CURRENT: ContextVar[Call | None] = ContextVar("visemill_call", default=None)


class Call:
    """One call at work, seen from its thread."""

    def __init__(self, method: str, context: grpc.ServicerContext, most_s: float) -> None:
        self.method = method
        self.context = context
        asked_s = context.time_remaining()
        self.capped = asked_s is None or asked_s > most_s
        self._end_s = time.monotonic() + (most_s if asked_s is None else min(asked_s, most_s))
        self._notes = contextlib.ExitStack()

    def remaining_s(self) -> float:
        """What is left of its time. Raises Transient DEADLINE_EXCEEDED once it is over, or CANCELLED by the caller."""
        if not self.context.is_active():
            raise Transient("CANCELLED", "the caller has gone")
        remaining_s = self._end_s - time.monotonic()
        if remaining_s <= 0:
            raise Transient("DEADLINE_EXCEEDED", "the call's time is over: give it a longer deadline, or send less")
        return remaining_s

    def expired(self) -> bool:
        return time.monotonic() > self._end_s

    def note(self, **fields: Any) -> None:
        """Adds fields to the log lines of this call from now on, the last one included."""
        self._notes.enter_context(log.bound(**fields))

    def end(self) -> None:
        self._notes.close()


def current_call() -> Call:
    """The call that this thread serves."""
    call = _CURRENT.get()
    if call is None:
        raise RuntimeError("no call is being served by this thread")
    return call


def call_abandoned() -> bool:
    """Whether the call that this thread serves has lost its caller; False in a thread that serves none."""
    call = _CURRENT.get()
    return call is not None and not call.context.is_active()


class Gate:
    """Lets in so many calls at a time, and none once it is closed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside = 0
        self._closed = False
        self._unready: VisemillError | None = None
        self._changed = threading.Condition()

    def enter(self) -> None:
        """Raises Transient SERVER_BUSY when full, DRAINING when closed, or with the reason of `unready`."""
        with self._changed:
            if self._closed:
                raise Transient("DRAINING", "this server is shutting down: retry, at another one")
            if (why := self._unready) is not None:
                raise Transient(why.reason, f"this server does not serve now: {why.message}", why.detail)
            if self._inside >= self._most:
                raise Transient("SERVER_BUSY", f"{self._inside} calls are at work or waiting here: try later")
            self._inside += 1

    def unready(self, why: VisemillError | None) -> None:
        """Lets no call in because of `why`; None: lets them in again. Those inside go on."""
        with self._changed:
            self._unready = why

    def leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True

    def wait_empty(self, most_s: float) -> bool:
        """Whether the last call left in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._inside == 0, most_s)


class CallInterceptor(grpc.ServerInterceptor):  # type: ignore[type-arg]
    """Puts `_Around` around every call but those of the health service, whose watchers stay for good."""

    def __init__(self, gate: Gate, most_s: float, metrics: CallMetrics) -> None:
        self._gate = gate
        self._most_s = most_s
        self._metrics = metrics

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler: Any = continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(_HEALTH):
            return handler
        kind = ("stream" if handler.request_streaming else "unary", "stream" if handler.response_streaming else "unary")
        behavior = getattr(handler, "_".join(kind))
        around = self._streaming if handler.response_streaming else self._single
        make = getattr(grpc, f"{'_'.join(kind)}_rpc_method_handler")
        return make(around(behavior, method), handler.request_deserializer, handler.response_serializer)

    def _around(self, method: str, context: grpc.ServicerContext) -> _Around:
        gate = None if method.startswith(_INFRASTRUCTURE) else self._gate
        return _Around(Call(method, context, self._most_s), gate, self._metrics)

    def _streaming(self, behavior: Callable[[Any, Any], Iterator[Any]], method: str) -> Callable[[Any, Any], Any]:
        def respond(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with self._around(method, context):
                yield from behavior(request, context)

        return respond

    def _single(self, behavior: Callable[[Any, Any], Any], method: str) -> Callable[[Any, Any], Any]:
        def respond(request: Any, context: grpc.ServicerContext) -> Any:
            with self._around(method, context):
                return behavior(request, context)

        return respond


class _Around:
    def __init__(self, call: Call, gate: Gate | None, metrics: CallMetrics) -> None:
        self._call = call
        self._gate = gate
        self._inside = False
        self._metrics = metrics
        self._began_s = time.monotonic()
        self._timer: threading.Timer | None = None

    def __enter__(self) -> None:
        _CURRENT.set(self._call)
        self._metrics.started(self._call.method)
        if self._call.capped:
            # grpc ends a call at the caller's deadline by itself; a later one, or none, is ours to keep.
            self._timer = threading.Timer(self._call.remaining_s() + _CUT_OFF_S, self._call.context.cancel)
            self._timer.daemon = True
            self._timer.start()
        try:
            if self._gate is not None:
                self._gate.enter()
                self._inside = True
        except Transient as error:
            self._finish(code_of(error).name, error)
            self._call.context.abort_with_status(status_of(error))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            self._finish("OK", None)
            return False
        if isinstance(error, GeneratorExit | grpc.RpcError) or call_abandoned():
            if not isinstance(error, GeneratorExit | grpc.RpcError | VisemillError):
                self._bug(error)
            self._finish("DEADLINE_EXCEEDED" if self._call.expired() else "CANCELLED", None)
            # Nobody is left to be told; grpc would log a traceback.
            return isinstance(error, VisemillError)
        known = error if isinstance(error, VisemillError) and error.kind != "BUG" else self._bug(error)
        self._finish(code_of(known).name, known)
        self._call.context.abort_with_status(status_of(known))

    def _bug(self, error: BaseException) -> VisemillError:
        """What the caller may know of a bug: an id that our log carries with the rest."""
        id_ = uuid.uuid4().hex[:12]
        detail = error.detail if isinstance(error, VisemillError) else ""
        _LOG.error("bug %s: %s\n%s", id_, error, detail, exc_info=error)
        return VisemillError("INTERNAL_ERROR", f"a bug in the server; its log has the traceback under {id_}")

    def _finish(self, code: str, error: VisemillError | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._inside and self._gate is not None:
            self._gate.leave()
        seconds = time.monotonic() - self._began_s
        self._metrics.ended(self._call.method, code, seconds)
        fields = {"method": self._call.method, "code": code, "seconds": round(seconds, 4)}
        if error is not None:
            fields |= {"kind": error.kind, "reason": error.reason, "error": error.message}
        level = logging.DEBUG if self._gate is None else logging.INFO
        _LOG.log(level, "call ended", extra={"fields": {**fields, "peer": self._call.context.peer()}})
        self._call.end()
        _CURRENT.set(None)
