"""What a command that writes a bundle into a model repository takes, says and refuses."""

import json
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.triton.bundle_command import BundleCommand, checked_name
from services.triton.config import Serving
from services.triton.verify import Finding


def written(repository: Path, bundle: str, name: str, serving: Serving) -> list[Finding]:
    if bundle == "none":
        raise BadConfig("NO_BUNDLE", "there is none")
    return [Finding(name or bundle, serving.max_batch_size, "sha256:1", "d" * 64)]


COMMAND = BundleCommand("services.x", "its folder", "that of the folder", written, {"max_batch_size": 3})


def test_what_was_written_is_said_in_words_and_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(tmp_path / "models"), "--bundle", "loud"]
    assert COMMAND.run(words) == 0
    assert capsys.readouterr().out == "loud 3 sha256:1\n" and (tmp_path / "models").is_dir()
    assert COMMAND.run([*words, "--name", "obama", "--max-batch-size", "2", "-o", "json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["models"]
    assert (told["model"], told["version"]) == ("obama", 2)


def test_what_is_refused_ends_it_with_its_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert COMMAND.run([str(tmp_path), "--bundle", "none"]) == 78
    assert json.loads(capsys.readouterr().err)["reason"] == "NO_BUNDLE"


@pytest.mark.parametrize("name", ["", "../obama", ".obama", "a/b", "a b"])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    assert checked_name("obama-2.x") == "obama-2.x"
    with pytest.raises(BadConfig, match="BAD_NAME"):
        checked_name(name)
