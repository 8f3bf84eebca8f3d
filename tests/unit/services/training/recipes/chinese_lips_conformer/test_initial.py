"""A network begins with a part of another's weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from conformer_weights import CONFIG, write_conformer  # noqa: E402

from services.base.errors import BadConfig  # noqa: E402
from services.training.lipreading.tokenizer import tokenizer_of  # noqa: E402
from services.training.recipes.chinese_lips_conformer.initial import begun_with  # noqa: E402
from services.training.recipes.chinese_lips_conformer.reader import ConformerReader  # noqa: E402


@pytest.mark.parametrize(
    ("part", "taken"), [("frontend", {"stem", "trunk"}), ("encoder", {"stem", "trunk", "width", "time"})]
)
def test_the_part_is_the_files_and_the_rest_is_drawn(tmp_path: Path, part: str, taken: set[str]) -> None:
    # Of other characters: what sees them not is no matter.
    config = dataclasses.replace(CONFIG, init=write_conformer(tmp_path, "甲乙"), init_part=part)
    reader = ConformerReader(config, tokenizer_of(["文字说"]))
    fresh, model = reader.network(2).state_dict(), begun_with(config, reader.network(2)).state_dict()
    given = ConformerReader(CONFIG, tokenizer_of(["甲乙"])).network(1).state_dict()
    changed = {name.split(".")[0] for name in model if not torch.equal(model[name], fresh[name])}
    assert taken <= changed <= taken | {"after_stem", "norm"}
    assert all(torch.equal(model[name], given[name]) for name in model if name.split(".")[0] in taken)


def test_all_of_other_characters_is_refused(tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, init=write_conformer(tmp_path, "甲乙"), init_part="all")
    with pytest.raises(BadConfig, match=r"OTHER_NETWORK.*classes"):
        begun_with(config, ConformerReader(config, tokenizer_of(["文字说"])).network(2))
