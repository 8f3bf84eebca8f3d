"""The memory of a GPU is asked where there is one."""

import pytest
import torch

from services.features.runtimes import gpu


def test_where_there_is_no_gpu_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "chosen_device", lambda _: "cpu")
    assert gpu.gpu_memory_bytes() is None


def test_the_memory_is_that_of_the_first_gpu_that_is_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "chosen_device", lambda _: "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    card = type("Card", (), {"total_memory": 23 << 30})
    monkeypatch.setattr(torch.cuda, "get_device_properties", {0: card}.__getitem__)
    assert gpu.gpu_memory_bytes() == 23 << 30
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.gpu_memory_bytes() is None
