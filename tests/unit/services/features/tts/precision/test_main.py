"""The command decodes an even sample of sounds, prints the share of changed codes, and refuses a large one."""

import io
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.base.errors import BadConfig, VisemillError
from services.features.tts.precision.__main__ import even_sample, in_roots, main


@pytest.mark.parametrize(
    ("num", "most", "expected"), [(3, 5, [0, 1, 2]), (10, 5, [0, 2, 4, 6, 8]), (7, 3, [0, 2, 4]), (0, 3, [])]
)
def test_a_sample_is_even(num: int, most: int, expected: list[int]) -> None:
    assert even_sample([str(i) for i in range(num)], most) == [str(i) for i in expected]


@pytest.fixture
def sounds(tmp_path: Path) -> list[str]:
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{name}.wav" for name in "ab"]
    for path in paths:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes((rng.standard_normal(24_000) * 3000).astype("<i2").tobytes())
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    return [str(path) for path in (*paths, broken, tmp_path / "absent.wav")]


def _config(tiny_model: Any, dtype: str) -> str:
    named = vars(tiny_model.config(dtype=dtype))
    return json.dumps({"audio": {"sample_rate_hz": 24_000, "resampler": "sinc"}, "speech": named})


def test_the_share_is_printed_first_and_one_too_large_is_refused(
    tiny_model: Any, sounds: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(sounds) + "\n"))
    code = main(["--config", _config(tiny_model, "bfloat16"), "--media", "-", "--max-changed", "0"])
    printed, said = capsys.readouterr()
    answer = json.loads(printed)
    assert (answer["dtype"], answer["num_clips"], answer["num_codes"]) == ("bfloat16", 2, 148)
    assert "broken.wav is left out" in said and "absent.wav is left out" in said
    assert all(f"0 of {what}\n" in said for what in ("4 clips decoded", "2 clips in float32", "2 clips in bfloat16"))
    assert answer["num_changed"] > 0
    assert (code, "DTYPE_INEXACT" in said) == (78, True)


def test_names_are_those_below_the_roots_of_a_run_and_no_link_leads_out_of_them(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    for folder in (root, other):
        folder.mkdir()
    (root / "a.wav").write_bytes(b"a")
    (other / "b.wav").write_bytes(b"b")
    (tmp_path / "outside.wav").write_bytes(b"outside")
    (root / "leads_out.wav").symlink_to(tmp_path / "outside.wav")
    opened = in_roots([str(root), str(other)], follow_links=False)
    assert [opened(name).path for name in ("a.wav", f"{other}/b.wav")] == [root / "a.wav", other / "b.wav"]
    for name in ("leads_out.wav", str(tmp_path / "outside.wav"), "absent.wav"):
        with pytest.raises((VisemillError, OSError)):
            opened(name)
    assert in_roots([str(root)], follow_links=True)("leads_out.wav").size_bytes == len(b"outside")


def test_a_sample_of_no_sound_is_refused(
    tiny_model: Any, sounds: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", _config(tiny_model, "bfloat16"), "--media", sounds[-1]]) == BadConfig.exit_code
    assert "NO_SAMPLE" in capsys.readouterr().err
