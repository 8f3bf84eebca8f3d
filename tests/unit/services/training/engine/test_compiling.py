"""Where there is no compiler a network is trained as it is. With one: tried by benchmarks, for it takes a minute."""

import pytest
import torch
from torch import nn

from services.training.engine.compiling import compile_network


def test_without_a_compiler_a_network_stays_as_it_is(monkeypatch, caplog):
    inductor = pytest.importorskip("torch._inductor.config")
    monkeypatch.setattr(inductor.cpp, "cxx", ("/no/such/compiler",))
    monkeypatch.setattr(inductor, "force_disable_caches", True)
    model = nn.Linear(2, 3)
    assert not compile_network(model, torch.device("cpu"))
    assert "torch.compile is not possible: " in caplog.text
    assert model(torch.zeros(1, 2)).shape == (1, 3)
