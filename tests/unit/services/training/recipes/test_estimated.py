"""What a counting needs to be told."""

from typing import Any

import pytest

from services.training.recipes.estimated import CountedTexts


@pytest.mark.parametrize(
    ("given", "refused"), [({}, "say where to"), ({"output": "o", "order": 0}, "order is 0: give 1 to 10")]
)
def test_what_cannot_be_is_refused(given: dict[str, Any], refused: str) -> None:
    with pytest.raises(ValueError, match=refused):
        CountedTexts(**given)
