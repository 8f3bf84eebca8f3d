"""A file of weights by its place, and its digest, which decides what a training begins with."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.base.errors import BadConfig
from services.training.checkpoint.content import bytes_of, init_models, talker_models


def test_a_file_is_read_wherever_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "best_model.pt").write_bytes(b"weights")
    monkeypatch.chdir(tmp_path)
    assert bytes_of(str(tmp_path / "best_model.pt")) == bytes_of("best_model.pt") == b"weights"


@pytest.mark.parametrize("place", ["none.pt", "nowhere/none.pt"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, place: str) -> None:
    with pytest.raises(BadConfig, match="NO_CHECKPOINT"):
        bytes_of(str(tmp_path / place))


def test_what_a_training_begins_with_is_told_by_its_content(tmp_path: Path) -> None:
    for name, content in (("a.pt", b"one"), ("b.pt", b"one"), ("c.pt", b"two")):
        (tmp_path / name).write_bytes(content)
    a, b, c = (init_models(SimpleNamespace(init=str(tmp_path / name))) for name in ("a.pt", "b.pt", "c.pt"))
    assert a == b == {"init": hashlib.sha256(b"one").hexdigest()} != c
    assert init_models(SimpleNamespace(init="")) == {}


def test_networks_that_judge_a_talking_head_are_told_by_their_content(tmp_path: Path) -> None:
    for name, content in (("sync.pt", b"one"), ("vgg.safetensors", b"two")):
        (tmp_path / name).write_bytes(content)
    config = SimpleNamespace(syncnet_checkpoint=str(tmp_path / "sync.pt"), vgg19=str(tmp_path / "vgg.safetensors"))
    assert talker_models(config) == {
        "syncnet": hashlib.sha256(b"one").hexdigest(),
        "vgg19": hashlib.sha256(b"two").hexdigest(),
    }
    assert talker_models(SimpleNamespace(syncnet_checkpoint="", vgg19="")) == {}
