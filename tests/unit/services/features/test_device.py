"""What `auto` means: a GPU only where there is one that this torch can use and that is not hidden."""

import pytest

from services.features.device import auto_device, chosen_device


@pytest.mark.parametrize(
    ("environment", "driver", "cuda_build", "expected"),
    [
        ({}, True, True, "cuda"),
        ({}, False, True, "cpu"),
        ({}, True, False, "cpu"),
        ({"CUDA_VISIBLE_DEVICES": "0"}, True, True, "cuda"),
        ({"CUDA_VISIBLE_DEVICES": ""}, True, True, "cpu"),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, True, True, "cpu"),
    ],
)
def test_auto_follows_the_facts(environment: dict[str, str], driver: bool, cuda_build: bool, expected: str) -> None:
    assert auto_device(environment, driver=driver, cuda_build=cuda_build) == expected


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_named_device_is_itself(device: str) -> None:
    assert chosen_device(device) == device
