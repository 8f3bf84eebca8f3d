"""Which module shows a file: each pipeline's own, by the ending of the file."""

import pytest

from orchestrator.cli.datasets import inspect
from orchestrator.cli.datasets.inspect import inspector_of
from orchestrator.pipelines.commands import PipelineCommands
from services.base.errors import BadConfig


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("out/train-00000-of-00001.tfrecord", "services.records.grid.inspect"),
        ("out/train-00000-of-00001", "services.records.grid.inspect"),
        ("out/A.NPZ", "services.records.sign.inspect"),
        ("out/labels.csv", "services.records.sign.inspect"),
    ],
)
def test_the_ending_tells_the_pipeline(path: str, module: str) -> None:
    assert inspector_of(path) == module


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pipelines with files of one ending, and no rule for other files."""
    commands = {
        "a": PipelineCommands(inspects={".npz": "a.show", ".tar.npz": "a.show_tar"}),
        "b": PipelineCommands(inspects={".npz": "b.show"}),
    }
    monkeypatch.setattr(inspect, "PIPELINES", commands)
    monkeypatch.setattr(inspect, "commands_of", commands.__getitem__)


@pytest.mark.usefixtures("two")
def test_files_of_several_pipelines_need_the_flag() -> None:
    with pytest.raises(BadConfig, match=r"WHICH_PIPELINE: x[.]npz may be of a or b: give one of them as --pipeline"):
        inspector_of("x.npz")
    assert inspector_of("x.npz", "b") == "b.show"
    assert inspector_of("x.tar.npz", "a") == "a.show_tar"
    with pytest.raises(BadConfig, match=r"NOT_INSPECTED: x[.]txt is no file that a, b can show"):
        inspector_of("x.txt")
