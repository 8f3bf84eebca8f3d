"""Measuring clips, as calls and as a command."""

import json

import pytest

from services.decode.probe import main, measure, probe
from services.decode.pyav import decoded_frames_total
from services.decode.spec import DecodeConfig


def test_a_probe_decodes_one_frame_at_most(clip, media):
    before = decoded_frames_total()
    info = probe(media(clip("mp4", "mpeg4", "yuv420p", rotation_ccw_deg=90)), DecodeConfig())
    assert (info.width_px, info.height_px, info.rotation_deg, info.num_frames_declared) == (48, 64, 270, 6)
    assert decoded_frames_total() - before == 1


def test_measuring_finds_what_the_container_does_not_say(clip, media):
    info, facts = measure(media(clip("mpeg", "mpeg1video", "yuv420p", num_frames=20)), DecodeConfig())
    assert (info.num_frames_declared, facts.num_frames) == (0, 20)


@pytest.fixture
def files(clip, tmp_path):
    (tmp_path / "good.mp4").write_bytes(clip("mp4", "mpeg4", "yuv420p"))
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "folder.mp4").mkdir()
    return [str(tmp_path / name) for name in ("good.mp4", "empty.mp4", "folder.mp4")]


def test_the_command_writes_one_object_a_file_and_tells_of_bad_ones(files, capsys):
    assert main(["--full", "-o", "json", *files]) == 3
    good, empty, folder = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert good["info"]["width_px"] == 64 and good["facts"]["num_frames"] == 6
    assert len(good["sha256"]) == 64 and good["size_bytes"] > 0
    assert (empty["error"]["kind"], empty["error"]["reason"]) == ("BAD_INPUT", "EMPTY_FILE")
    assert folder["error"]["reason"] == "UNREADABLE"


def test_the_command_for_people(files, capsys):
    assert main(files[:1]) == 0
    assert "64x48 px, 25.000 Hz, 0.240 s, mpeg4 yuv420p" in capsys.readouterr().out


def test_the_command_takes_the_settings_of_the_stage(files, capsys):
    assert main(["-o", "json", "--max-pixels", "100", files[0]]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "TOO_MANY_PIXELS"
    with pytest.raises(SystemExit):
        main(["--max-frames", "-1", files[0]])
