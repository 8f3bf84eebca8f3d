"""The graphs say what the network says, of batches of other sizes than they were made with."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from joint_bundle import TOKENIZER, config_of, network  # noqa: E402

from services.base.errors import VisemillError  # noqa: E402
from services.training.recipes.chinese_lips_conformer.graphs import ScoringGraph, _worst, joint_graphs  # noqa: E402
from services.training.recipes.chinese_lips_conformer.reader import ConformerReader  # noqa: E402
from services.training.recipes.ctc_graph import made_clips  # noqa: E402
from services.training.recipes.traced_graph import TOLERANCE  # noqa: E402

READER = ConformerReader(config_of(32), TOKENIZER)


def test_clips_padded_and_alone_are_the_models_and_other_weights_are_told_apart() -> None:
    graphs, differs = joint_graphs(READER, network(32), 32, 32, batches=((5,), (9, 30, 12)))
    assert 0 < differs < TOLERANCE
    with pytest.raises(VisemillError, match=r"EXPORT_DIFFERS.*decoder"):
        _worst(graphs["model"], graphs["decoder"], READER, network(32, seed=2), [made_clips((6,), 32, 32)])


def test_a_network_of_ctc_alone_has_no_decoder_to_write() -> None:
    model = network(32)
    model.decoder = None
    with pytest.raises(ValueError, match="no decoder"):
        ScoringGraph(model)
