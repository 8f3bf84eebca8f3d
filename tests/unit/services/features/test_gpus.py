"""A GPU that is asked for and not there is refused with why, and with what to take instead."""

import json

import pytest

from services.features.gpus import main, no_gpu


@pytest.mark.parametrize(
    ("asked", "cuda", "environment", "why", "remedy"),
    [
        ("cuda", None, {}, "torch 2.13.0+cpu is built without CUDA", "take --device auto"),
        ("cuda", "12.8", {}, "there is none, or no driver that fits", "take --device auto"),
        ("cuda", "12.8", {"CUDA_VISIBLE_DEVICES": ""}, "CUDA_VISIBLE_DEVICES='' hides every GPU", "take --device auto"),
        # auto has taken a driver without a GPU for one: it would do so again.
        ("auto", "12.8", {}, "there is none", "take --device cpu"),
    ],
)
def test_the_message_says_why_and_what_to_take(asked, cuda, environment, why, remedy) -> None:
    error = no_gpu(asked, "2.13.0+cpu", cuda, environment)
    assert error.reason == "NO_GPU" and f"--device {asked}" in error.message
    assert why in error.message and remedy in error.message


def test_where_torch_reaches_none_the_command_ends_with_78(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main([]) == 78
    assert json.loads(capsys.readouterr().err)["reason"] == "NO_GPU"


def test_gpus_that_torch_reaches_are_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    assert main(["--asked", "auto"]) == 0
    assert json.loads(capsys.readouterr().out) == {"num_gpus": 4}
