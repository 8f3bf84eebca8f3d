"""A file of another recipe, or of none, is refused."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from conformer_weights import write_conformer

from services.base.errors import BadConfig
from services.training.checkpoint.file import weights_file
from services.training.recipes.grid_ctc.export_command import export_main


def test_a_file_of_another_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="OTHER_RECIPE"):
        export_main(["--checkpoint", write_conformer(tmp_path, "ab"), "--bundle", str(tmp_path / "b")])


def test_a_file_that_does_not_say_its_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(weights_file({}, {"recipe": "grid-ctc", "vocabulary": "ab"}))
    with pytest.raises(BadConfig, match="CHECKPOINT_DAMAGED"):
        export_main(["--checkpoint", str(tmp_path / "x.safetensors"), "--bundle", str(tmp_path / "b")])
