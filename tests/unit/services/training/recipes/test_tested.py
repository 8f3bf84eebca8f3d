"""What is tested, and where its results go, follow from the checkpoint where nothing else is said."""

import pytest

from services.training.recipes.tested import TestedModel


@pytest.mark.parametrize(
    ("settings", "file", "results", "index"),
    [
        ({}, "checkpoints/best_model.pt", "checkpoints/tests/test", "checkpoints/.visemill"),
        ({"checkpoint_dir": "a/", "split": "val"}, "a/best_model.pt", "a/tests/val", "a/.visemill"),
        ({"checkpoint": "b/x.pt", "results_root": "r", "state_root": "s"}, "b/x.pt", "r", "s"),
        ({"checkpoint": "x.pt"}, "x.pt", "./tests/test", "./.visemill"),
    ],
)
def test_places_follow_from_the_checkpoint(settings: dict[str, str], file: str, results: str, index: str) -> None:
    found = TestedModel(**settings)  # type: ignore[arg-type]
    assert (found.file, found.results, found.index_root) == (file, results, index)


def test_numbers_below_0_are_refused() -> None:
    with pytest.raises(ValueError, match="num_shown -1"):
        TestedModel(num_shown=-1)
