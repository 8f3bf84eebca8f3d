"""What opening a clip costs, and what decoding it shows."""

from clip_measures import measure, probe

from services.containers.config import DecodeConfig
from services.containers.frames import decoded_frames_total


def test_opening_decodes_one_frame_at_most(clip, media):
    before = decoded_frames_total()
    info = probe(media(clip("mp4", "mpeg4", "yuv420p", rotation_ccw_deg=90)), DecodeConfig())
    assert (info.width_px, info.height_px, info.rotation_deg, info.num_frames_declared) == (48, 64, 270, 6)
    assert decoded_frames_total() - before == 1


def test_decoding_finds_what_the_container_does_not_say(clip, media):
    info, facts = measure(media(clip("mpeg", "mpeg1video", "yuv420p", num_frames=20)), DecodeConfig())
    assert (info.num_frames_declared, facts.num_frames) == (0, 20)
