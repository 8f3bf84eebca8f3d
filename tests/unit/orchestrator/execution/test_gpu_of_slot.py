"""All processes of a run on one GPU while others are idle: D7 of the original. Each slot sees a GPU of its own."""

from pathlib import Path

import pytest

from orchestrator.execution.gpu_of_slot import environment_of, visible_gpus


@pytest.mark.parametrize(
    ("variable", "gpus"),
    [
        ("2,3", ["2", "3"]),
        (" GPU-1 , MIG-2", ["GPU-1", "MIG-2"]),
        ("0,-1,1", ["0"]),
        ("", []),
        ("-1", []),
    ],
)
def test_the_variable_says_which_gpus_there_are(variable: str, gpus: list[str], tmp_path: Path) -> None:
    (tmp_path / "nvidia0").touch()
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": variable}, tmp_path) == gpus


def test_without_it_cuda_counts_those_whose_files_are_there(tmp_path: Path) -> None:
    assert visible_gpus({}, tmp_path) == []
    for name in ("nvidia3", "nvidia7", "nvidiactl", "nvidia-uvm", "nvidia-caps"):
        (tmp_path / name).touch()
    assert visible_gpus({}, tmp_path) == ["0", "1"]


def test_slots_are_dealt_out_over_several_gpus_and_one_is_left_as_it_is() -> None:
    seen = [environment_of(slot, {"A": "b"}, ["4", "5"]) for slot in range(3)]
    assert [one["CUDA_VISIBLE_DEVICES"] for one in seen] == ["4", "5", "4"] and seen[0]["A"] == "b"
    assert environment_of(1, {"A": "b"}, ["0"]) == environment_of(1, {"A": "b"}, []) == {"A": "b"}
