"""What an answer of a Triton server that is no result means: status and message in, one of our errors out. Pure."""

from __future__ import annotations

from services.base.errors import BadConfig, OutOfMemory, Transient, VisemillError
from services.base.process.retry import Retryable

# What our model files answer with; triton_models/onnx_model.py says the same word.
WEIGHTS_DIFFER = "WEIGHTS_DIFFER"

# What the libraries under a model say in their own words, in lower case.
_MEMORY_WORDS = (
    "out of memory",
    "out_of_memory",
    "failed to allocate memory",
    "bad_alloc",
    "cudnn_status_alloc_failed",
)
# What Triton's python backend says when /dev/shm is too small for a request or an answer, in lower case.
_SHARED_MEMORY_WORDS = (
    "shared memory pool size",
    "shared memory region size",
    "grown shared memory region",
    "unable to initialize shared memory",
    "no space left on device",
)
# The server has lost a model's process, or what we told it about our memory, and gets over both.
_PASSING_WORDS = ("stub process", "is not healthy", "unable to find shared memory region", "not ready")


class RegionLost(Retryable):
    """The server no longer knows the memory that a request lies in: tell it anew."""


class SharedMemoryShort(OutOfMemory):
    """The server has too little shared memory for the batch; where one item is too much, that is the server's fault."""


def meaning_of(status: str, message: str, whom: str, *, seen_ready: bool = True, remedy: str = "") -> Exception:
    """What to raise: OutOfMemory, BadConfig, a VisemillError that is a bug, or Retryable around a Transient.

    status: "StatusCode.UNAVAILABLE". whom: the server and model, for messages. seen_ready: whether the model has
    answered before, so that its absence passes. remedy: added where nobody answers.
    """
    code = status.rpartition(".")[2]
    low = message.lower()
    if any(words in low for words in _SHARED_MEMORY_WORDS):
        short = Transient(
            "SERVER_SHARED_MEMORY",
            f"{whom} has too little shared memory for a single frame: give the server's container more of /dev/shm "
            f"(docker --shm-size, in the chart triton.shmSize); it says: {message}",
            message,
        )
        return SharedMemoryShort(f"{whom}: {message}", short)
    if any(words in low for words in _MEMORY_WORDS):
        return OutOfMemory(f"{whom}: {message}")
    if WEIGHTS_DIFFER in message:
        return BadConfig("MODEL_DIFFERS", f"{whom}: {message}")
    if "shared memory region" in low and code in ("NOT_FOUND", "INVALID_ARGUMENT"):
        return RegionLost(Transient("REGION_LOST", f"{whom}: {message}"))
    if code in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED") or any(words in low for words in _PASSING_WORDS):
        reason = _reason(code, low)
        remedy = f"; check that the server runs, and its address{remedy}" if reason == "UNAVAILABLE" else ""
        return Retryable(Transient(reason, f"{whom}: {message}{remedy}"))
    if code == "NOT_FOUND":
        missing = BadConfig(
            "NO_MODEL",
            f"{whom}: {message}; write it with `visemill models export` into the server's repository, or name another",
        )
        return Retryable(Transient("NOT_READY", f"{whom}: {message}")) if seen_ready else missing
    if code == "INVALID_ARGUMENT":
        return BadConfig("WRONG_SHAPE", f"{whom} does not take what it was sent: {message}")
    if code in ("RESOURCE_EXHAUSTED", "UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED", "OUT_OF_RANGE"):
        return BadConfig("SERVER_REFUSED", f"{whom}: {code}: {message}")
    return VisemillError("SERVER_FAILED", f"{whom} failed: {code}: {message}; the server's log has more")


def _reason(code: str, low: str) -> str:
    if "maximum queue size" in low:
        return "SERVER_BUSY"
    if "request timeout expired" in low:
        return "QUEUE_TIMEOUT"
    return "DEADLINE_EXCEEDED" if code == "DEADLINE_EXCEEDED" else "UNAVAILABLE"
