"""A file of weights is found by its place, and read whatever kind it is."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.checkpoint.content import bytes_of  # noqa: E402
from services.training.checkpoint.file import weights_file  # noqa: E402
from services.training.checkpoint.reading import read_checkpoint  # noqa: E402


def test_weights_alone_are_read_with_their_facts(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(weights_file({"a": torch.ones(2)}, {"recipe": "grid-ctc"}))
    found = read_checkpoint(str(file), bytes_of(str(file)))
    assert (found.model["a"].tolist(), found.facts, found.optimizer) == ([1.0, 1.0], {"recipe": "grid-ctc"}, {})


def test_a_file_that_is_not_there_or_holds_no_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="NO_CHECKPOINT"):
        bytes_of(str(tmp_path / "none/best_model.pt"))
    with pytest.raises(BadConfig, match="CHECKPOINT_DAMAGED"):
        read_checkpoint("a.safetensors", b"no weights")
    with pytest.raises(BadConfig, match=r"CHECKPOINT_DAMAGED: head/24\.pth: the file is no checkpoint"):
        read_checkpoint("head/24.pth", b"no weights")
