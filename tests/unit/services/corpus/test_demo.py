"""What the demo corpus refuses, before it draws anything, and how it tells."""

import json
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.corpus.demo import main, write_corpus, write_talker_corpus
from services.corpus.folder import MARKER


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("important")
    with pytest.raises(BadConfig, match="other files") as caught:
        write_corpus(tmp_path, 1, 1, 0, broken=False)
    assert caught.value.reason == "NOT_EMPTY"
    assert files_below(tmp_path) == ["thesis.tex"]


@pytest.mark.parametrize(
    "marker", ["{", "[]", '{"seed": 0}', '{"speakers":1,"clips":1,"seed":9,"broken":false,"made_with":{},"files":{}}']
)
def test_another_corpus_is_left_alone(tmp_path: Path, marker: str) -> None:
    (tmp_path / MARKER).write_text(marker)
    with pytest.raises(BadConfig, match="empty folder") as caught:
        write_corpus(tmp_path, 1, 1, 0, broken=False)
    assert caught.value.reason == "OTHER_CORPUS"
    assert files_below(tmp_path) == [MARKER]


@pytest.mark.parametrize(("num_speakers", "num_clips"), [(0, 1), (1, 0), (1000, 1), (1, 64_001)])
def test_numbers_that_make_no_corpus_are_refused_and_nothing_is_made(
    tmp_path: Path, num_speakers: int, num_clips: int
) -> None:
    with pytest.raises(BadConfig):
        write_corpus(tmp_path / "new", num_speakers, num_clips, 0, broken=False)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("num_seconds", "num_clips"), [(11, 1), (3601, 1), (12, 0)])
def test_a_speaker_is_drawn_for_a_while_or_not_at_all(tmp_path: Path, num_seconds: int, num_clips: int) -> None:
    with pytest.raises(BadConfig) as caught:
        write_talker_corpus(tmp_path / "new", num_seconds, num_clips, 0, broken=False)
    assert caught.value.reason == "BAD_VALUE"
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_is_an_answer_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadConfig, match="check the folder") as caught:
        write_corpus(tmp_path / "file" / "corpus", 1, 1, 0, broken=False)
    assert caught.value.reason == "CANNOT_WRITE"


def test_the_command_says_why_in_json_and_by_its_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").write_text("important")
    assert main([str(tmp_path), "--speakers", "1", "--clips", "1", "-o", "json"]) == 78
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["reason"] == "NOT_EMPTY"
