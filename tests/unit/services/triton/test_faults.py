"""What each answer of a Triton server means, as a table. The messages are those of tritonserver 2.51."""

import pytest

from services.base.errors import BadConfig, OutOfMemory, Transient, VisemillError
from services.base.process.retry import Retryable
from services.triton.faults import RegionLost, SharedMemoryShort, meaning_of

AGAIN = [
    ("UNAVAILABLE", "failed to connect to all addresses; last error: Connection refused", "UNAVAILABLE"),
    ("UNAVAILABLE", "[request id: <id_unknown>] Exceeds maximum queue size", "SERVER_BUSY"),
    ("UNAVAILABLE", "Request timeout expired", "QUEUE_TIMEOUT"),
    ("DEADLINE_EXCEEDED", "Deadline Exceeded", "DEADLINE_EXCEEDED"),
    ("CANCELLED", "CANCELLED", "UNAVAILABLE"),
    ("INTERNAL", "Stub process 'm_0_0' is not healthy.", "UNAVAILABLE"),
    ("NOT_FOUND", "Unable to find shared memory region: 'zz'", "REGION_LOST"),
    ("NOT_FOUND", "Request for unknown model: 'm' is not found", "NOT_READY"),
]


@pytest.mark.parametrize(("status", "message", "reason"), AGAIN)
def test_what_time_heals_is_tried_again(status, message, reason):
    meaning = meaning_of(f"StatusCode.{status}", message, "model m of host")
    assert isinstance(meaning, Retryable)
    assert isinstance(meaning.outcome, Transient)
    assert meaning.outcome.reason == reason
    assert "model m of host" in meaning.outcome.message


@pytest.mark.parametrize(
    "message",
    [
        "OUT_OF_MEMORY: the batch does not fit",
        "CUDA out of memory. Tried to allocate 20.00 MiB",
        "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : bfc_arena: Failed to allocate memory for requested buffer",
        "std::bad_alloc",
    ],
)
def test_a_lack_of_memory_is_the_batchers(message):
    assert isinstance(meaning_of("StatusCode.INTERNAL", message, "m"), OutOfMemory)


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        ("INVALID_ARGUMENT", "unexpected shape for input 'frames' for model 'm'. Expected [-1,8,8,3]", "WRONG_SHAPE"),
        ("INVALID_ARGUMENT", "WEIGHTS_DIFFER: this server holds seeded:1", "MODEL_DIFFERS"),
        ("RESOURCE_EXHAUSTED", "Sent message larger than max", "SERVER_REFUSED"),
        ("UNAUTHENTICATED", "", "SERVER_REFUSED"),
    ],
)
def test_what_no_time_heals_ends_the_run(status, message, reason):
    meaning = meaning_of(f"StatusCode.{status}", message, "m")
    assert isinstance(meaning, BadConfig)
    assert meaning.reason == reason


@pytest.mark.parametrize(
    "message",
    [
        "Failed to process the request(s) for model instance 'm_0_0', message: Failed to increase the shared memory "
        "pool size for key 'triton_python_backend_shm_region_1' to 67108864 bytes. If you are running Triton inside "
        "docker, use '--shm-size' flag to control the shared memory region size. Error: No space left on device",
        "Unable to initialize shared memory key 'k' to requested size (1048576 bytes). If you are running Triton "
        "inside docker, use '--shm-size' flag to control the shared memory region size.",
    ],
)
def test_a_lack_of_shared_memory_makes_batches_smaller_and_is_at_the_end_the_servers_fault(message):
    meaning = meaning_of("StatusCode.INTERNAL", message, "model m of host")
    assert isinstance(meaning, SharedMemoryShort)
    assert isinstance(meaning.outcome, Transient)
    assert meaning.outcome.reason == "SERVER_SHARED_MEMORY"
    assert message in meaning.outcome.message and "/dev/shm" in meaning.outcome.message


def test_a_model_that_was_never_seen_is_missing_and_not_late():
    text = "Request for unknown model: 'm' is not found"
    meaning = meaning_of("StatusCode.NOT_FOUND", text, "m", seen_ready=False)
    assert isinstance(meaning, BadConfig)
    assert meaning.reason == "NO_MODEL"


def test_a_lost_region_is_known_from_other_faults():
    lost = meaning_of("StatusCode.NOT_FOUND", "Unable to find shared memory region: 'zz'", "m")
    away = meaning_of("StatusCode.UNAVAILABLE", "Connection refused", "m")
    assert (isinstance(lost, RegionLost), isinstance(away, RegionLost)) == (True, False)


def test_anything_else_is_a_bug_with_the_servers_words():
    meaning = meaning_of("StatusCode.INTERNAL", "division by zero", "model m of host")
    assert type(meaning) is VisemillError
    assert "division by zero" in meaning.message
