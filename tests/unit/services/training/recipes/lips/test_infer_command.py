"""One clip of a mouth is read, whatever its rate and size."""

import json
from pathlib import Path

import pytest
from lips_data import LipsExample, video_file

pytest.importorskip("torch")

from lips_weights import write_weights

from services.base.errors import BadConfig, BadInput
from services.training.recipes.chinese_lips_lstm.entry_points import infer_main


def test_a_clip_is_read_and_its_errors_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.mp4").write_bytes(video_file(LipsExample("a", "文字说文字说", size_px=64).frames_THW(), 30))
    words = ["--video-path", str(tmp_path / "a.mp4"), "--checkpoint", write_weights(tmp_path, "文字说")]
    assert infer_main([*words, "--ground-truth", "文字说", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["read"]["frames"] == 25, "30 frames at 30 a second are 25 at 25"
    assert found["text"].startswith("Ground truth: 文字说\nPredicted: ")


@pytest.mark.parametrize(("content", "error"), [(None, BadConfig), (b"no video", BadInput)])
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None, error: type[Exception]) -> None:
    if content is not None:
        (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(error):
        infer_main(["--video-path", str(tmp_path / "a.mp4"), "--checkpoint", write_weights(tmp_path, "文")])
