"""What goes to a server for a clip, and what of its answer is the clip's; a real server: tests/integration/triton."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tritonclient.grpc", reason="the triton extra is not installed")

from services.base.errors import BadConfig, BadInput, OutOfMemory
from services.lipreading.served import ServedNetwork

MOUTHS = np.full((9, 2, 4, 3), 7, np.uint8)


class Client:
    """Answers steps of the padded frames, two a frame, unless it is told to do otherwise."""

    def __init__(self, *, steps_per_frame: int = 2, is_full: bool = False) -> None:
        self.facts = type("Facts", (), {"name": "grid-ctc"})
        self._steps_per_frame, self._is_full = steps_per_frame, is_full
        self.given: dict[str, Any] = {}

    def infer(self, arrays: list[tuple[str, Any]], output: str) -> Any:
        if self._is_full:
            raise OutOfMemory("bad_alloc")
        self.given = dict(arrays)
        steps = self._steps_per_frame * self.given["frames"].shape[1]
        return np.arange(steps, dtype=np.float32).reshape(1, steps, 1)


def network(client: Client, most_bytes: int = 1 << 20) -> ServedNetwork:
    return ServedNetwork(client, 2, most_bytes)  # type: ignore[arg-type]


def test_a_clip_goes_padded_with_its_length_and_its_own_steps_come_back() -> None:
    client = Client()
    found_SK = network(client)(MOUTHS, "a.mpg")
    assert client.given["frames"].shape == (1, 10, 2, 4, 3)
    assert client.given["lengths"].tolist() == [[9]]
    assert found_SK[:, 0].tolist() == list(range(18))


@pytest.mark.parametrize(
    ("client", "most_bytes", "error", "reason"),
    [
        (Client(), 239, BadInput, "TOO_MANY_FRAMES"),
        (Client(is_full=True), 240, BadInput, "OUT_OF_MEMORY"),
        (Client(steps_per_frame=1), 240, BadConfig, "WRONG_MODEL"),
    ],
)
def test_what_cannot_be_read_is_the_clips_or_the_models_fault(
    client: Client, most_bytes: int, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        network(client, most_bytes)(MOUTHS, "a.mpg")
