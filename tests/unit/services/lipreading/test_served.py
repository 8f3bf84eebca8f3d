"""What goes to a server for a clip, and what of its answer is the clip's; a real server: tests/integration/triton."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tritonclient.grpc", reason="the triton extra is not installed")

from services.base.errors import BadInput, OutOfMemory
from services.lipreading.network import Encoder
from services.lipreading.served import ServedNetwork

MOUTHS = np.full((9, 2, 4, 3), 7, np.uint8)


class Client:
    """Answers steps of the padded frames, two a frame."""

    def __init__(self, *, is_full: bool = False) -> None:
        dims = {"frames": (-1, 2, 4, 3), "lengths": (1,), "ids": (-1, -1)}
        self.facts = type("Facts", (), {"name": "grid-ctc", "inputs": dims})
        self._is_full = is_full
        self.given: dict[str, Any] = {}

    def infer_all(self, arrays: list[tuple[str, Any]], outputs: list[str]) -> list[Any]:
        if self._is_full:
            raise OutOfMemory("bad_alloc")
        self.given = dict(arrays)
        steps = 2 * self.given["frames"].shape[1]
        return [np.arange(steps, dtype=np.float32).reshape(1, steps, 1) for _ in outputs]


def network(client: Client, most_bytes: int = 1 << 20) -> ServedNetwork:
    return ServedNetwork(client, most_bytes)  # type: ignore[arg-type]


def test_a_clip_goes_padded_with_its_length_and_its_own_steps_come_back() -> None:
    client = Client()
    (found_SK,) = Encoder(network(client), ("log_probs",), 2)(MOUTHS, "a.mpg")
    assert client.given["frames"].shape == (1, 10, 2, 4, 3)
    assert client.given["lengths"].tolist() == [[9]]
    assert found_SK[:, 0].tolist() == list(range(18))


def test_all_that_may_have_any_size_is_padded() -> None:
    client = Client()
    inputs = {"frames": MOUTHS[None], "lengths": np.array([9]), "ids": np.ones((1, 3, 9), np.int64)}
    network(client)(inputs, ["scores"], "a.mpg")
    assert client.given["ids"].shape == (1, 8, 10)


@pytest.mark.parametrize(
    ("client", "most_bytes", "reason"),
    [(Client(), 239, "TOO_MANY_FRAMES"), (Client(is_full=True), 240, "OUT_OF_MEMORY")],
)
def test_what_cannot_be_read_is_the_clips_fault(client: Client, most_bytes: int, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        Encoder(network(client, most_bytes), ("log_probs",), 2)(MOUTHS, "a.mpg")
