"""`visemill completion`: the scripts of three shells, and what bash makes of one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.cli.main import main

# Completes the words given, as bash does on Tab with the last one begun.
ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_shtab_visemill
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "visemill.bash"
    with pytest.MonkeyPatch.context() as patch, path.open("w") as file:
        patch.setattr("sys.stdout", file)
        assert main(["completion", "bash"]) == 0
    return path


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("re", {"report", "reproduce", "resume", "retokenize", "retry"}),
        ("run ", {"grid", "lips", "sign", "talker", "tts"}),
        ("run grid --max-f", {"--max-frames", "--max-failures"}),
        ("run grid --quality-policy ", {"keep", "flag", "quarantine"}),
        ("models export --platform ", {"python", "onnx"}),
        ("report --output-root da", {"data"}),
    ],
)
def test_bash_completes(line: str, some: set[str], script: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "dates.txt").touch()
    asked = ["bash", "-c", ASK, "bash", script, "visemill", *line.split(" ")]
    done = subprocess.run(asked, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert set(done.stdout.split()) == some and done.stderr == ""


@pytest.mark.parametrize(("shell", "part"), [("zsh", "#compdef visemill"), ("fish", "complete -c visemill")])
def test_other_shells_get_theirs(shell: str, part: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert part in text and "max-frames" in text
    if shutil.which(shell):
        (tmp_path / "script").write_text(text)
        subprocess.run([shell, "-n", tmp_path / "script"], check=True)
