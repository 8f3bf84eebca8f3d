"""Scores are made of the sums over all parts."""

import dataclasses

import pytest
import torch
from tiny_training import pieces

from services.base.worker.rank import RankPlace
from services.training.engine.precision import Arithmetic
from services.training.engine.ranks import Ranks
from services.training.engine.validation import validated

CPU = torch.device("cpu")
ALONE, FP32 = Ranks(RankPlace(0, 1, 0, "", 1, 1), CPU, 5.0), Arithmetic("fp32", CPU)


def test_the_model_is_judged_as_it_will_be_used():
    made = pieces()
    model = made.model(1).train()
    assert validated(model, made, ALONE, FP32).keys() == {"loss"} and not model.training
    parts = [made.validate(model, part, 2) for part in range(2)]
    summed = {name: parts[0][name] + parts[1][name] for name in parts[0]}
    assert validated(model, made, ALONE, FP32)["loss"] == pytest.approx(summed["total"] / summed["count"])


def test_a_recipe_without_validation_is_not_asked():
    with pytest.raises(ValueError, match="no validation"):
        validated(pieces().model(1), dataclasses.replace(pieces(), validate=None), ALONE, FP32)
