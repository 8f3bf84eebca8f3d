"""A client's channel over TLS whose certificate files may be replaced under it: the next call takes the new ones.

gRPC's own credentials are read once. So a channel is made anew when the files have changed, and the one before is
closed with its last call.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import grpc

from services.base.errors import BadConfig

_LOG = logging.getLogger(__name__)


class _Made:
    """One channel and how many calls are in it. Not safe for threads by itself."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.num_calls = 0


class RenewedChannel(grpc.Channel):
    """As the channel that `make` makes, made again when `stamp` differs. Safe for several threads.

    make: raises BadConfig while the files cannot be used: the channel of before stays, and the next call looks again.
    """

    def __init__(self, make: Callable[[], grpc.Channel], stamp: Callable[[], object]) -> None:
        self._make, self._stamp = make, stamp
        self._changing = threading.Lock()
        self._subscribers: dict[Any, bool] = {}
        self._seen = stamp()
        self._made = _Made(make())

    def unary_unary(self, method: str, *arguments: Any, **named: Any) -> Any:
        return _Method(self, "unary_unary", (method, *arguments), named)

    def unary_stream(self, method: str, *arguments: Any, **named: Any) -> Any:
        return _Method(self, "unary_stream", (method, *arguments), named)

    def stream_unary(self, method: str, *arguments: Any, **named: Any) -> Any:
        return _Method(self, "stream_unary", (method, *arguments), named)

    def stream_stream(self, method: str, *arguments: Any, **named: Any) -> Any:
        return _Method(self, "stream_stream", (method, *arguments), named)

    def subscribe(self, callback: Callable[[grpc.ChannelConnectivity], None], try_to_connect: bool = False) -> None:
        """Of the channel of now; one that is made later has the same subscribers."""
        with self._changing:
            self._subscribers[callback] = try_to_connect
            self._made.channel.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        with self._changing:
            self._subscribers.pop(callback, None)
            self._made.channel.unsubscribe(callback)

    def close(self) -> None:
        with self._changing:
            self._made.channel.close()

    def __enter__(self) -> RenewedChannel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> _Made:
        """The channel of a call that begins now; `end` it."""
        with self._changing:
            stamp = self._stamp()
            if stamp != self._seen:
                self._renew(stamp)
            self._made.num_calls += 1
            return self._made

    def end(self, made: _Made) -> None:
        """A call has ended: the last one of a channel that was replaced closes it."""
        with self._changing:
            made.num_calls -= 1
            over = made is not self._made and not made.num_calls
        if over:
            made.channel.close()

    def _renew(self, stamp: object) -> None:
        try:
            channel = self._make()
        except BadConfig as error:
            # A key may be in place before its certificate.
            _LOG.warning("the certificates have changed and cannot be used, the old ones stay: %s", error)
            return
        _LOG.info("certificates read again: new calls use them")
        before, self._made, self._seen = self._made, _Made(channel), stamp
        for callback, try_to_connect in self._subscribers.items():
            before.channel.unsubscribe(callback)
            channel.subscribe(callback, try_to_connect)
        if not before.num_calls:
            before.channel.close()


class _Method:
    """A method of whichever channel there is when it is called."""

    def __init__(self, owner: RenewedChannel, kind: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        self._owner, self._kind, self._arguments, self._named = owner, kind, arguments, named

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self._kind.endswith("stream"):
            return self._started("__call__", arguments, named)
        return self._waited("__call__", arguments, named)

    def with_call(self, *arguments: Any, **named: Any) -> Any:
        return self._waited("with_call", arguments, named)

    def future(self, *arguments: Any, **named: Any) -> Any:
        return self._started("future", arguments, named)

    def _of(self, made: _Made) -> Any:
        return getattr(made.channel, self._kind)(*self._arguments, **self._named)

    def _waited(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        made = self._owner.begin()
        try:
            return getattr(self._of(made), name)(*arguments, **named)
        finally:
            self._owner.end(made)

    def _started(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        made = self._owner.begin()
        try:
            call = getattr(self._of(made), name)(*arguments, **named)
        except BaseException:
            self._owner.end(made)
            raise
        if not call.add_callback(lambda: self._owner.end(made)):
            self._owner.end(made)
        return call
