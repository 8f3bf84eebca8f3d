"""Both recipes on Chinese-LiPS are of the kind."""

import pytest

pytest.importorskip("torch")

from services.training.lipreading.tokenizer import tokenizer_of
from services.training.recipes.chinese_lips_conformer import entry_points as conformer
from services.training.recipes.chinese_lips_lstm import entry_points as lstm
from services.training.recipes.lips.kind import LipsKind


@pytest.mark.parametrize("kind", [conformer.KIND, lstm.KIND], ids=lambda kind: kind.recipe.name)
def test_what_a_checkpoint_says_is_enough_to_make_its_network(kind: LipsKind) -> None:
    settings = {"frame_height": 32, "frame_width": 32}
    settings |= {"size": "small"} if kind is conformer.KIND else {"hidden_dim": 16, "num_heads": 2}
    reader = kind.reader(kind.recipe.config(**settings), tokenizer_of(["文字"]))
    facts = reader.facts()
    again = kind.reader(kind.config_of_facts(facts, kind.recipe.config()), tokenizer_of([facts["vocabulary"]]))
    shapes = [{n: v.shape for n, v in one.network(1).state_dict().items()} for one in (reader, again)]
    assert shapes[0] == shapes[1]
