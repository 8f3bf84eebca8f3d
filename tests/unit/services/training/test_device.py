"""Where a network is computed."""

from collections.abc import Mapping

import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.device import device_of  # noqa: E402


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: request.param)


@pytest.mark.parametrize(
    ("gpus", "found"),
    [(0, {"auto": "cpu", "cpu": "cpu"}), (2, {"auto": "cuda:1", "cuda": "cuda:1", "cpu": "cpu"})],
    indirect=["gpus"],
)
@pytest.mark.usefixtures("gpus")
def test_a_rank_takes_a_gpu_of_its_own_where_there_is_one(found: Mapping[str, str]) -> None:
    assert {asked: str(device_of(asked, local_rank=3)) for asked in found} == found  # type: ignore[arg-type]


@pytest.mark.parametrize("gpus", [0], indirect=True)
@pytest.mark.usefixtures("gpus")
def test_a_gpu_that_is_asked_for_and_is_not_there_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"NO_GPU.*--device cuda asks for a GPU.*take --device auto \(the default\)"):
        device_of("cuda")
