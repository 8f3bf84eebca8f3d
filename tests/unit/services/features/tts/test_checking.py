"""Files that cannot be the networks' are refused by name before any work: truncated, of another model, hostile."""

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from services.features.tts.checking import main


class _Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return eval, ("__import__('pathlib').Path('ran').touch()",)


def answer(config: Any, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    files = {name: getattr(config, name) for name in ("config", "gpt_checkpoint", "w2v_bert", "semantic_codec")}
    code = main(["--config", json.dumps({**files, "w2v_stat": config.w2v_stat})])
    found = capsys.readouterr()
    return code, json.loads(found.err.splitlines()[-1] if code else found.out)


def test_the_networks_own_files_pass(tiny_model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(tiny_model.config(), capsys) == (0, {"num_text_tokens": None})


def test_the_table_of_texts_is_that_of_the_checkpoint(
    tiny_model: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tensors = torch.load(tiny_model.folder / "gpt.pth", weights_only=True)
    torch.save({"model": {**tensors, "text_embedding.weight": torch.zeros(12_001, 4)}}, tmp_path / "gpt.pth")
    assert answer(tiny_model.config(gpt_checkpoint=str(tmp_path / "gpt.pth")), capsys) == (
        0,
        {"num_text_tokens": 12_000},
    )


@pytest.mark.parametrize("setting", ["gpt_checkpoint", "w2v_stat", "w2v_bert", "semantic_codec"])
@pytest.mark.parametrize("fault", ["truncated", "empty", "of another model", "gone", "runs code"])
def test_any_other_file_is_refused_by_the_flag_that_names_it(
    tiny_model: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    setting: str, fault: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    whole = tiny_model.folder / ("stats.pt" if setting == "w2v_stat" else Path(getattr(tiny_model.config(), setting)))
    other = tiny_model.folder / ("gpt.pth" if setting == "w2v_stat" else "stats.pt")
    data = {
        "truncated": whole.read_bytes()[: whole.stat().st_size // 2],
        "empty": b"",
        "of another model": other.read_bytes(),
        "runs code": pickle.dumps({"mean": _Hostile()}),
    }
    path = tmp_path / whole.name
    if fault != "gone":
        path.write_bytes(data[fault])
    code, said = answer(tiny_model.config(**{setting: str(path)}), capsys)
    assert code == 78 and f"--{setting.replace('_', '-')}" in said["message"] and str(path) in said["message"]
    assert said["reason"] in ("WEIGHTS_UNREADABLE", "WEIGHTS_OF_ANOTHER_NETWORK", "MODEL_MISSING")
    assert not (tmp_path / "ran").exists()


def test_an_archive_whose_pickle_runs_code_is_refused(
    tiny_model: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As torch saves files today: the pickle lies in an archive, and is mapped."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "gpt.pth"
    with zipfile.ZipFile(tiny_model.folder / "gpt.pth") as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = pickle.dumps({"x": _Hostile()}, protocol=2) if name.endswith("data.pkl") else source.read(name)
            target.writestr(name, data)
    code, said = answer(tiny_model.config(gpt_checkpoint=str(path)), capsys)
    assert (code, said["reason"]) == (78, "WEIGHTS_UNREADABLE") and not (tmp_path / "ran").exists()


def test_a_setting_that_the_stage_does_not_have_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", '{"x": 1}']) == 78
    assert "UNKNOWN_SETTING" in capsys.readouterr().err
