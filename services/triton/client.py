"""Feature models on a Triton server, over KServe v2 gRPC: the only import of tritonclient.

A request may always be repeated, so a server that is killed, restarted, full or slow costs time and no result.
"""

from __future__ import annotations

import logging
import queue
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import tritonclient.grpc as triton_grpc
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from services.base.errors import BadConfig
from services.base.process.retry import Retryable, retry_with_timeout
from services.base.process.settings import Settings, settings
from services.base.rpc.channel.other_protocol import other_protocol, proxy_hint
from services.base.rpc.channel.targets import check_target, is_loopback
from services.base.rpc.channel.tls_diagnosis import refusal_of
from services.base.rpc.client import channel_options, connect
from services.base.sandbox.child import measure
from services.triton.faults import RegionLost, SharedMemoryShort, meaning_of
from services.triton.measures import BATCH_ITEMS, IN_FLIGHT, REQUEST_SECONDS
from services.triton.memory import Region, orphans

_LOG = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_FORGET_S = 2.0
# Of an answer about a model, which costs the server nothing.
_PROBE_S = 5.0


@dataclass(frozen=True)
class ModelFacts:
    """What a server says of a model. inputs, outputs: name -> dims without the batch's, -1 where any size goes."""

    name: str
    weights: str
    digest: str
    max_batch_size: int
    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]


class TritonClient:
    """One model of one server: requests to it, a bounded number at a time. Threads may share it.

    weights: what the server must serve, "sha256:<hex>" or "seeded:0"; empty: anything. transport: auto shares memory
    with a server of this host.
    """

    def __init__(
        self,
        target: str,
        model: str,
        weights: str = "",
        *,
        num_in_flight: int = 4,
        transport: str = "auto",
        values: Settings | None = None,
    ) -> None:
        self._values = values or settings()
        self._target = target
        self._whom = f"model {model} of {target}"
        self._model = model
        self._weights = weights
        self._client = _connected(target, self._values)
        self._shares = transport == "shared-memory" or (transport == "auto" and is_loopback(target))
        self._must_share = transport == "shared-memory"
        self._num_slots = num_in_flight
        self._slots: queue.SimpleQueue[Region | None] = queue.SimpleQueue()
        for _ in range(num_in_flight):
            self._slots.put(None)
        # At the end of the process too: a server keeps what it mapped for as long as it lives.
        self._end = weakref.finalize(self, _let_go, self._client, self._slots)
        self._seen_ready = False
        self.facts = self._patiently(lambda: facts_of(self._client, model, self._values.rpc_deadline_s))
        require_weights(self.facts, weights, self._whom)
        self._seen_ready = True

    def infer(self, arrays: Sequence[tuple[str, npt.NDArray[Any]]], output: str) -> npt.NDArray[Any]:
        """One request, tried again while the server is away or busy; waits for its turn.

        Raises OutOfMemory, BadConfig (WRONG_SHAPE, MODEL_DIFFERS), Transient when patience ends.
        """
        return self.infer_all(arrays, [output])[0]

    def infer_all(
        self, arrays: Sequence[tuple[str, npt.NDArray[Any]]], outputs: Sequence[str]
    ) -> list[npt.NDArray[Any]]:
        """As `infer`, for several outputs, in their order."""
        with self._slot() as slot:
            began_s = time.monotonic()
            measure(BATCH_ITEMS, len(arrays[0][1]))
            measure(IN_FLIGHT, self._num_slots - self._slots.qsize())
            found = self._patiently(lambda: self._try(slot, arrays, outputs))
            measure(REQUEST_SECONDS, time.monotonic() - began_s)
            return found

    def served_config(self) -> Any:
        """The model's config as the server holds it, a ModelConfig. Raises as `infer` does."""
        deadline_s = self._values.rpc_deadline_s
        return self._patiently(lambda: self._client.get_model_config(self._model, client_timeout=deadline_s).config)

    def close(self) -> None:
        """Lets the server forget the memory that was shared. A client that is dropped is closed."""
        self._end()

    def _try(
        self, slot: list[Region | None], arrays: Sequence[tuple[str, npt.NDArray[Any]]], outputs: Sequence[str]
    ) -> list[npt.NDArray[Any]]:
        inputs = [self._placed(slot, i, name, array) for i, (name, array) in enumerate(arrays)]
        deadline_s = self._values.rpc_deadline_s
        try:
            result = self._client.infer(
                self._model,
                inputs,
                outputs=[triton_grpc.InferRequestedOutput(output) for output in outputs],
                # A request that nobody waits for any more should leave the server's queue.
                timeout=int(deadline_s * 1e6),
                client_timeout=deadline_s,
                parameters={"weights": self._weights} if self._weights else None,
            )
        except InferenceServerException as error:
            meaning = self._meaning(error)
            if isinstance(meaning, RegionLost):
                slot[0] = None
            if isinstance(meaning, SharedMemoryShort):
                # What lies there for this process is what the server lacks.
                _forget(self._client, slot[0])
                slot[0] = None
                self._unshare(str(meaning))
            raise
        return [_required(result.as_numpy(output)) for output in outputs]

    def _placed(self, slot: list[Region | None], index: int, name: str, array: npt.NDArray[Any]) -> Any:
        """The input, in shared memory where there is some: the first input, which is the large one."""
        kind = {np.dtype(np.uint8): "UINT8", np.dtype(np.float32): "FP32", np.dtype(np.int64): "INT64"}[array.dtype]
        given = triton_grpc.InferInput(name, array.shape, kind)
        region = self._region(slot, array.nbytes) if index == 0 else None
        if region is None:
            given.set_data_from_numpy(array)
        else:
            region.put(array)
            given.set_shared_memory(region.name, array.nbytes)
        return given

    def _region(self, slot: list[Region | None], num_bytes: int) -> Region | None:
        """The slot's region, at least so large, known to the server; None where memory is not shared."""
        region = slot[0]
        if not self._shares:
            _forget(self._client, region)
            slot[0] = None
            return None
        if region is not None and region.num_bytes >= num_bytes:
            return region
        _forget(self._client, region)
        slot[0] = None
        try:
            region = Region(num_bytes)
        except OSError as error:
            self._unshare(str(error))
            return None
        try:
            self._client.register_system_shared_memory(region.name, f"/{region.name}", region.num_bytes)
        except InferenceServerException as error:
            if isinstance(self._meaning(error), Retryable):
                raise
            self._unshare(str(error))
            return None
        finally:
            region.hide()
        slot[0] = region
        return region

    def _unshare(self, reason: str) -> None:
        if self._must_share:
            raise BadConfig("NO_SHARED_MEMORY", f"{self._whom}: {reason}; give --triton-transport auto or grpc")
        self._shares = False
        _LOG.info("%s shares no memory with this process, inputs go by gRPC: %s", self._whom, reason)

    def forget_orphans(self) -> None:
        """Lets the server forget memory of processes of this host that were killed."""
        if not self._shares:
            return
        try:
            for name in orphans(self._client.get_system_shared_memory_status().regions):
                self._client.unregister_system_shared_memory(name)
        except InferenceServerException as error:
            _LOG.debug("%s: orphaned regions stay: %s", self._whom, error)

    @contextmanager
    def _slot(self) -> Iterator[list[Region | None]]:
        held = [self._slots.get()]
        try:
            yield held
        finally:
            self._slots.put(held[0])

    def _patiently(self, attempt: Callable[[], _Result]) -> _Result:
        def meant() -> _Result:
            try:
                return attempt()
            except InferenceServerException as error:
                raise self._meaning(error) from error

        return retry_with_timeout(meant, patience_s=self._values.rpc_patience_s)

    def _meaning(self, error: InferenceServerException) -> Exception:
        return _meant(error, self._target, self._values, self._whom, seen_ready=self._seen_ready)


def _required(array: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
    assert array is not None
    return array


def _meant(error: InferenceServerException, target: str, values: Settings, whom: str, *, seen_ready: bool) -> Exception:
    """What to raise for an answer that is no result, or for none."""
    message, status = error.message() or "", error.status() or ""
    refusal = refusal_of(message, target, values)
    if refusal is None and not seen_ready and status.endswith("UNAVAILABLE"):
        refusal = other_protocol(message, target)
    return refusal or meaning_of(status, message, whom, seen_ready=seen_ready, remedy=proxy_hint(target))


class ModelProbe:
    """Asks a server, once a call and without patience, whether it serves a model with the weights that are wanted."""

    def __init__(self, target: str, model: str, weights: Callable[[], str], values: Settings | None = None) -> None:
        self._values = values or settings()
        self._target, self._model, self._weights = target, model, weights
        self._client = _connected(target, self._values)

    def check(self) -> None:
        """Raises Transient while the server is away or loads the model, BadConfig NO_MODEL or MODEL_DIFFERS."""
        whom = f"model {self._model} of {self._target}"
        weights = self._weights()
        try:
            facts = facts_of(self._client, self._model, _PROBE_S)
        except InferenceServerException as error:
            meaning = _meant(error, self._target, self._values, whom, seen_ready=False)
            raise (meaning.outcome if isinstance(meaning, Retryable) else meaning) from error
        require_weights(facts, weights, whom)


def facts_of(client: Any, model: str, timeout_s: float) -> ModelFacts:
    """What the server says of the model. Raises InferenceServerException, also while the model is not ready."""
    config = client.get_model_config(model, client_timeout=timeout_s).config
    if not client.is_model_ready(model, client_timeout=timeout_s):
        raise InferenceServerException(f"{model} is not ready", status="StatusCode.UNAVAILABLE")
    return ModelFacts(
        config.name,
        config.parameters["weights"].string_value,
        config.parameters["digest"].string_value,
        max(1, config.max_batch_size),
        {given.name: tuple(given.dims) for given in config.input},
        {made.name: tuple(made.dims) for made in config.output},
    )


def require_weights(facts: ModelFacts, weights: str, whom: str) -> None:
    """Raises BadConfig MODEL_DIFFERS. weights: what is wanted; empty: any."""
    if weights and facts.weights != weights:
        raise BadConfig(
            "MODEL_DIFFERS",
            f"{whom} serves the weights {facts.weights or 'unknown'} and this run is pinned to "
            f"{weights}: export the model with those weights, or pin the run to the server's",
        )


def _let_go(client: Any, slots: queue.SimpleQueue[Region | None]) -> None:
    while not slots.empty():
        _forget(client, slots.get())
    client.close()


def _forget(client: Any, region: Region | None) -> None:
    if region is None:
        return
    try:
        client.unregister_system_shared_memory(region.name, client_timeout=_FORGET_S)
    except InferenceServerException as error:
        _LOG.debug("%s was not unregistered: %s", region.name, error)


def parse_config(text: str) -> Any:
    """A config.pbtxt as Triton's own message. Raises ValueError for text that it would not load."""
    try:
        return text_format.Parse(text, model_config_pb2.ModelConfig())
    except text_format.ParseError as error:
        raise ValueError(f"config.pbtxt is not one that Triton loads: {error}") from error


def _connected(target: str, values: Settings) -> Any:
    """A client of the server, over TLS with VISEMILL_TLS_CA or VISEMILL_TLS_CERT. Raises BadConfig."""
    try:
        check_target(target, "the Triton server's address")
    except ValueError as error:
        raise BadConfig("BAD_TARGET", str(error)) from error
    client = triton_grpc.InferenceServerClient(target, channel_args=channel_options(target, values.max_message_bytes))
    if values.tls_ca or values.tls_cert:
        # Its own channel, which is not used yet, would keep to the certificates of now.
        client._channel.close()
        client._channel = connect(target, values)
        client._client_stub = service_pb2_grpc.GRPCInferenceServiceStub(client._channel)
    return client
