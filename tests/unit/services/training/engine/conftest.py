"""One rank in a store of its own."""

import pytest

pytest.importorskip("torch")

from tiny_training import rank_of

from services.base.worker.rank import RankPlace


@pytest.fixture
def rank(tmp_path):
    return rank_of(str(tmp_path), RankPlace(0, 1, 0, "127.0.0.1", 1, 1))
