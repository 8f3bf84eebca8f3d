"""Decode on real clips: bit for bit what OpenCV gives, and clear about what is damaged."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.clip import Media
from services.containers.config import DecodeConfig
from services.containers.frames import decoded_frames_total
from services.decode.stage import open_stage

GRID_CLIPS = ["s1_processed/bbaf2n", "s1_processed/lrarzn", "s1_processed/srbb4n", "other_processed/lbax4n"]
OTHER_CLIPS = [
    "sign/pose_test_video.mp4",  # h264, full-range yuvj420p
    "sign/autsl_signer0_sample1000.mp4",  # mpeg4
    "talker/wda_000.mp4",  # mpeg4
    "broken/video_0.mov",  # h264, bt709
    "broken/video_90.mov",
    "broken/video_180.mov",
    "broken/unordered.mov",
]


def decode(media: Media, **settings):
    """(info, frames_THWC, pts_s, facts) of a whole clip."""
    with open_stage(DecodeConfig(**settings))(media) as stream:
        chunks = list(stream)
        return (
            stream.info,
            np.concatenate([chunk.frames_THWC for chunk in chunks]),
            np.concatenate([chunk.pts_s for chunk in chunks]),
            stream.facts(),
        )


def decode_with_opencv(path: Path) -> np.ndarray:
    """frames_THWC in RGB, up to the first frame that OpenCV does not give."""
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    frames = []
    while True:
        ok, image_HWC = video.read()
        if not ok:
            return np.stack(frames)
        frames.append(cv2.cvtColor(image_HWC, cv2.COLOR_BGR2RGB))


@pytest.mark.parametrize("name", GRID_CLIPS)
def test_grid_clips_are_what_opencv_decodes(testdata, name):
    path = testdata / "data" / "grid" / f"{name}.mpg"
    info, frames_THWC, pts_s, facts = decode(Media.of_file(path))
    np.testing.assert_array_equal(frames_THWC, decode_with_opencv(path))
    assert pts_s.tolist() == [i * 3600 / 90000 for i in range(len(frames_THWC))]
    assert (info.width_px, info.height_px, info.fps_hz, info.codec) == (360, 288, 25.0, "mpeg1video")
    assert (facts.num_corrupt, facts.ended_early, facts.warnings) == (0, False, ())


@pytest.mark.parametrize("name", OTHER_CLIPS)
def test_other_clips_are_what_opencv_decodes_rotation_included(testdata, name):
    path = testdata / "data" / name
    info, frames_THWC, pts_s, facts = decode(Media.of_file(path))
    np.testing.assert_array_equal(frames_THWC, decode_with_opencv(path))
    assert (info.height_px, info.width_px) == frames_THWC.shape[1:3]
    assert len(frames_THWC) == info.num_frames_declared
    assert (np.diff(pts_s) > 0).all()
    assert (facts.num_corrupt, facts.num_duplicate_pts, facts.warnings) == (0, 0, ())


@pytest.mark.parametrize(("name", "rotation_deg"), [("video_0", 0), ("video_90", 90), ("video_180", 180)])
def test_the_rotation_is_read_from_the_container(testdata, name, rotation_deg):
    info = decode(Media.of_file(testdata / "data" / "broken" / f"{name}.mov"))[0]
    assert info.rotation_deg == rotation_deg
    assert (info.width_px, info.height_px) == ((320, 568) if rotation_deg == 90 else (568, 320))


def test_every_grid_clip_is_clean_and_each_frame_is_decoded_once(testdata):
    paths = sorted((testdata / "data" / "grid" / "s1_processed").glob("*.mpg"))
    before = decoded_frames_total()
    num_frames = 0
    for path in paths:
        with open_stage(DecodeConfig())(Media.of_file(path)) as stream:
            num_frames += sum(len(chunk) for chunk in stream)
            facts = stream.facts()
        assert facts.num_frames == (74 if path.stem in ("lrae3s", "srbb4n", "sbbbzp") else 75), path.stem
        assert (facts.num_corrupt, facts.num_duplicate_pts, facts.ended_early, facts.warnings) == (0, 0, False, ())
    assert num_frames > 3000
    assert decoded_frames_total() - before == num_frames


def test_the_seeds_limit_of_75_frames_cuts_nothing_off_grid(testdata):
    media = Media.of_file(testdata / "data" / "grid" / "s1_processed" / "bbaf2n.mpg")
    assert decode(media, max_frames=75)[3].truncated is False
    assert decode(media, max_frames=74)[3].truncated is True


def test_the_corrupted_clip_ends_where_opencv_ends(testdata):
    path = testdata / "data" / "broken" / "corrupted.mp4"
    info, frames_THWC, _, facts = decode(Media.of_file(path))
    np.testing.assert_array_equal(frames_THWC, decode_with_opencv(path))
    assert (info.num_frames_declared, facts.num_frames, facts.ended_early) == (50, 28, True)
    assert "h264: Invalid NAL unit size (-1 > 551)." in facts.warnings


def test_a_truncated_clip_gives_what_decodes_and_says_so(testdata):
    data = (testdata / "data" / "grid" / "s1_processed" / "bbaf2n.mpg").read_bytes()
    whole = decode(Media.of_bytes("whole", data))[1]
    _, frames_THWC, _, facts = decode(Media.of_bytes("half", data[: len(data) // 2]))
    assert 30 < len(frames_THWC) < 75
    np.testing.assert_array_equal(frames_THWC[:-2], whole[: len(frames_THWC) - 2])
    assert (facts.ended_early, facts.num_corrupt) == (True, 1)
    assert any("Packet corrupt" in line for line in facts.warnings)


def test_sound_alone_is_refused(testdata):
    with pytest.raises(BadInput, match="NO_VIDEO_STREAM"):
        decode(Media.of_file(testdata / "data" / "speech" / "mid.wav"))


DAMAGE = """
import random, sys
from pathlib import Path
from services.base.errors import BadInput
from services.base.media.clip import Media
from services.decode.spec import DecodeConfig
from services.decode.stage import open_stage

data = Path(sys.argv[1]).read_bytes()
for seed in range(int(sys.argv[2])):
    chance = random.Random(seed)
    damaged = bytearray(data)
    if seed % 3 == 2:
        del damaged[chance.randrange(len(damaged)) :]
    elif seed % 3 == 1:
        for _ in range(chance.choice([1, 4, 16])):
            damaged[chance.choice([1, -1]) * chance.randrange(2000)] = chance.randrange(256)
    else:
        for _ in range(chance.choice([1, 5, 40, 200])):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    try:
        with open_stage(DecodeConfig(max_frames=40))(Media("damaged", "", len(damaged), data=bytes(damaged))) as stream:
            num_frames = sum(len(chunk) for chunk in stream)
        sys.stdout.write(f"{seed} {num_frames} {stream.facts()}\\n")
    except BadInput as error:
        sys.stdout.write(f"{seed} {error.reason} {error.detail!r}\\n")
"""


@pytest.mark.parametrize(
    ("name", "num_seeds"),
    [("grid/s1_processed/bbaf2n.mpg", 40), ("broken/video_90.mov", 240), ("broken/corrupted.mp4", 20)],
)
def test_damage_at_random_neither_crashes_the_process_nor_changes_from_run_to_run(testdata, name, num_seeds):
    argv = [sys.executable, "-c", DAMAGE, str(testdata / "data" / name), str(num_seeds)]
    runs = [subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False) for _ in range(2)]
    for run in runs:
        assert run.returncode == 0, f"{run.stderr[-2000:]}\nafter: {run.stdout[-200:]}"
        assert run.stderr == ""
    assert len(runs[0].stdout.splitlines()) == num_seeds
    assert runs[0].stdout == runs[1].stdout
