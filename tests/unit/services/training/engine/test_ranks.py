"""A rank alone needs nobody; one that cannot meet the others ends so that the next generation goes on."""

import socket

import pytest
import torch

from services.base.errors import Transient
from services.base.worker.rank import RankPlace
from services.training.engine.ranks import Ranks

CPU = torch.device("cpu")


def test_alone_sums_are_what_they_are():
    ranks = Ranks(RankPlace(0, 1, 0, "", 1, 1), CPU, 5.0)
    assert ranks.sums({"b": 2.5, "a": 1.0}) == {"a": 1.0, "b": 2.5}
    assert ranks.texts(["a", "ü"]) == ["a", "ü"]
    ranks.close()
    ranks.close()


def test_others_that_do_not_come_are_lost():
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = RankPlace(1, 2, 1, "127.0.0.1", server.getsockname()[1], 1)
    with pytest.raises(Transient) as caught:
        Ranks(place, CPU, 0.2)
    assert caught.value.reason == "RANK_LOST"
