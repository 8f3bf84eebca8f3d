"""What comes out of a good clip: pixels, times, chunks, limits, and nothing left open."""

import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clip_measures import measure

from services.base.media.video import TimeHole
from services.containers import opening as container_module
from services.containers.config import DecodeConfig
from services.containers.frames import decoded_frames_total
from services.decode.stage import open_stage


def decode(media, **settings):
    """(info, frames_THWC, pts_s, facts) of a whole clip."""
    with open_stage(DecodeConfig(**settings))(media) as stream:
        chunks = list(stream)
        return (
            stream.info,
            np.concatenate([chunk.frames_THWC for chunk in chunks]),
            np.concatenate([chunk.pts_s for chunk in chunks]),
            stream.facts(),
        )


def test_frames_of_a_lossless_clip_are_the_pictures_that_went_in(clip, picture, media):
    info, frames_THWC, pts_s, facts = decode(media(clip(num_frames=6)))
    np.testing.assert_array_equal(frames_THWC, np.stack([picture(i) for i in range(6)]))
    np.testing.assert_allclose(pts_s, np.arange(6) / 25, atol=0)
    assert (info.width_px, info.height_px, info.rotation_deg, info.fps_hz) == (64, 48, 0, 25.0)
    assert (info.codec, info.pixel_format) == ("ffv1", "bgr0")
    assert (facts.num_frames, facts.num_corrupt, facts.truncated, facts.ended_early) == (6, 0, False, False)
    assert facts.warnings == ()


def test_a_file_gives_what_its_bytes_give(clip, media, tmp_path):
    data = clip("mp4", "mpeg4", "yuv420p")
    path = tmp_path / "http:%03d|pipe.mp4"
    path.write_bytes(data)
    of_file = decode(type(media(data)).of_file(path))
    of_bytes = decode(media(data))
    np.testing.assert_array_equal(of_file[1], of_bytes[1])
    assert (of_file[0], of_file[3]) == (of_bytes[0], of_bytes[3])


def test_times_are_the_exact_ratio_of_ticks(clip, media):
    pts_s = decode(media(clip("mp4", "mpeg4", "yuv420p", rate_hz=Fraction(30000, 1001), num_frames=10)))[2]
    assert pts_s.dtype == np.float64
    assert pts_s.tolist() == [i * 1001 / 30000 for i in range(10)]


def test_frames_come_in_the_order_of_presentation(clip, picture, media):
    data = clip("mp4", "mpeg4", "yuv420p", num_frames=12, options={"bf": "2", "qscale": "1"})
    _, frames_THWC, pts_s, facts = decode(media(data))
    assert (np.diff(pts_s) > 0).all()
    differences = [
        [np.abs(frame.astype(int) - picture(i)).mean() for i in range(12)]
        for frame in frames_THWC
    ]  # fmt: skip
    assert np.argmin(differences, axis=1).tolist() == list(range(12))
    assert facts.num_duplicate_pts == 0


def test_frames_whose_times_stand_still_are_counted_and_lie_between_their_neighbours(clip, media):
    _, _, pts_s, facts = decode(media(clip(pts=[0, 1, 1, 2, 3, 3])))
    assert facts.num_duplicate_pts == 2
    assert pts_s.tolist() == pytest.approx([0.0, 0.04, 0.06, 0.08, 0.12, 0.16])


def test_a_matroska_file_whose_first_blocks_lie_below_0_keeps_them(clip, media):
    data = bytearray(clip(num_frames=4))
    block = data.index(b"\x81\x00\x00\x80")  # track 1, time 0, key frame
    data[block + 1 : block + 3] = (-80).to_bytes(2, "big", signed=True)
    _, frames_THWC, pts_s, _ = decode(media(bytes(data)))
    assert len(frames_THWC) == 4 and (np.diff(pts_s) > 0).all()


@pytest.mark.parametrize("codec", ["mpeg4", "mpeg2video", "libx264"])
@pytest.mark.parametrize("container", ["avi", "mp4", "matroska"])
def test_frames_that_are_stored_in_another_order_come_in_theirs_a_period_apart(clip, media, picture, container, codec):
    data = clip(container, codec, "yuv420p", num_frames=12, options={"bf": "2", "b_strategy": "0"})
    _, frames_THWC, pts_s, facts = decode(media(data))
    differences = [[np.abs(f.astype(int) - picture(i)).mean() for i in range(12)] for f in frames_THWC]
    assert np.argmin(differences, axis=1).tolist() == list(range(12))
    assert np.diff(pts_s).tolist() == pytest.approx([0.04] * 11, abs=0.0011)
    assert (facts.num_decoded, facts.num_duplicate_pts, facts.warnings) == (12, 0, ())
    assert (facts.rate_hz, facts.num_restarts, facts.num_lost) == (25.0, 0, 0)


@pytest.mark.parametrize(("ccw_deg", "rotation_deg"), [(0, 0), (-90, 90), (180, 180), (90, 270)])
def test_rotation_is_applied_and_info_is_of_the_turned_frames(clip, media, ccw_deg, rotation_deg):
    upright = decode(media(clip("mp4", "mpeg4", "yuv420p")))[1]
    info, frames_THWC, _, _ = decode(media(clip("mp4", "mpeg4", "yuv420p", rotation_ccw_deg=ccw_deg)))
    np.testing.assert_array_equal(frames_THWC, np.rot90(upright, k=-rotation_deg // 90, axes=(1, 2)))
    assert info.rotation_deg == rotation_deg
    assert (info.height_px, info.width_px) == frames_THWC.shape[1:3]


@pytest.mark.parametrize("ccw_deg", [0, -90, 180, 90])
def test_a_frame_that_was_mirrored_is_shown_as_players_show_it(clip, media, ccw_deg):
    upright = decode(media(clip("mp4", "mpeg4", "yuv420p")))[1]
    info, frames_THWC, _, _ = decode(media(clip("mp4", "mpeg4", "yuv420p", rotation_ccw_deg=ccw_deg, hflip=True)))
    np.testing.assert_array_equal(frames_THWC, np.rot90(upright, k=ccw_deg // 90, axes=(1, 2))[:, :, ::-1])
    assert (info.height_px, info.width_px) == frames_THWC.shape[1:3]


def test_a_slanted_rotation_is_not_applied_and_it_is_said(clip, media):
    info, _, _, facts = decode(media(clip("mp4", "mpeg4", "yuv420p", rotation_ccw_deg=45)))
    assert (info.rotation_deg, info.width_px, info.height_px) == (0, 64, 48)
    assert facts.warnings == ("decode: a rotation by -45 degrees is not applied: only quarter turns are",)


@pytest.mark.parametrize("container", ["mp4", "matroska", "avi", "mpegts"])
@pytest.mark.parametrize(
    ("aspect", "rotation_ccw_deg", "size_px"),
    [("16/11", None, (93, 48)), ("8/9", None, (64, 54)), ("2", -90, (48, 128))],
)
def test_frames_have_square_pixels_whoever_names_their_aspect(
    clip, media, container, aspect, rotation_ccw_deg, size_px
):
    turned = {"rotation_ccw_deg": rotation_ccw_deg} if container == "mp4" else {}
    size_px = size_px if turned or rotation_ccw_deg is None else size_px[::-1]
    data = clip(container, "mpeg4", "yuv420p", pixel_aspect=Fraction(aspect), **turned)
    info, frames_THWC, _, facts = decode(media(data))
    assert (info.width_px, info.height_px) == size_px == frames_THWC.shape[2:0:-1]
    assert Fraction(info.pixel_aspect.replace(":", "/")) == Fraction(aspect)
    plain_THWC = decode(media(clip(container, "mpeg4", "yuv420p", **turned)))[1]
    assert np.abs(frames_THWC.mean(axis=(1, 2)) - plain_THWC.mean(axis=(1, 2))).max() < 2
    assert facts.warnings == ()


def test_a_pixel_aspect_that_no_picture_has_is_not_applied_and_it_is_said(clip, media):
    info, _, _, facts = decode(media(clip("mpegts", "mpeg4", "yuv420p", pixel_aspect=Fraction(1, 20))))
    assert (info.width_px, info.height_px) == (64, 48)
    assert any("is not believed" in line for line in facts.warnings)


@pytest.mark.parametrize(("flags", "num_interlaced"), [({}, 0), ({"flags": "+ildct+ilme"}, 6)])
def test_frames_of_two_fields_are_counted(clip, media, flags, num_interlaced):
    data = clip("matroska", "mpeg2video", "yuv420p", options=flags)
    assert decode(media(data))[3].num_interlaced == num_interlaced


@pytest.mark.parametrize(("frames_per_chunk", "sizes"), [(1, [1] * 6), (4, [4, 2]), (6, [6]), (100, [6])])
def test_chunks_are_bounded_and_consecutive(clip, media, frames_per_chunk, sizes):
    config = DecodeConfig(chunk_bytes=frames_per_chunk * 64 * 48 * 3)
    with open_stage(config)(media(clip(num_frames=6))) as stream:
        chunks = list(stream)
    assert [len(chunk) for chunk in chunks] == sizes
    assert [chunk.first_index for chunk in chunks] == np.cumsum([0, *sizes[:-1]]).tolist()
    assert all(chunk.frames_THWC.flags.c_contiguous for chunk in chunks)


def test_a_chunk_is_not_written_to_again(clip, picture, media):
    with open_stage(DecodeConfig(chunk_bytes=1))(media(clip(num_frames=4))) as stream:
        chunks = list(stream)
    for index, chunk in enumerate(chunks):
        np.testing.assert_array_equal(chunk.frames_THWC[0], picture(index))


@pytest.mark.parametrize(
    ("container", "codec", "pixel_format", "options"),
    [("mpeg", "mpeg1video", "yuv420p", {}), ("mp4", "mpeg4", "yuv420p", {"bf": "2"}), ("avi", "mjpeg", "yuvj420p", {})],
)
@pytest.mark.parametrize(("max_frames", "num_frames", "truncated"), [(0, 20, False), (20, 20, False), (19, 19, True)])
def test_the_limit_on_frames_says_whether_it_cut_anything(
    clip, media, container, codec, pixel_format, options, max_frames, num_frames, truncated
):
    data = clip(container, codec, pixel_format, num_frames=20, options=options)
    facts = decode(media(data), max_frames=max_frames)[3]
    assert (facts.num_frames, facts.truncated, facts.ended_early) == (num_frames, truncated, False)


def test_each_frame_is_decoded_once_and_one_behind_the_limit_to_know_that_there_is_one(clip, media):
    data = clip(num_frames=20)
    for max_frames, num_decoded in ((0, 20), (7, 8)):
        before = decoded_frames_total()
        decode(media(data), max_frames=max_frames, chunk_bytes=3 * 64 * 48 * 3)
        assert decoded_frames_total() - before == num_decoded


def test_frames_cannot_be_asked_for_twice(clip, media):
    with open_stage(DecodeConfig())(media(clip())) as stream:
        list(stream)
        with pytest.raises(RuntimeError, match="open it again"):
            iter(stream)


def test_the_log_of_the_process_stays_empty(clip, media, caplog, capfd):
    decode(media(clip("avi", "mjpeg", "yuvj420p")))
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_no_thread_is_started_for_a_clip(clip, media):
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        pytest.skip("counting threads needs /proc")
    data = clip("mpeg", "mpeg1video", "yuv420p", width_px=640, height_px=480, options={"slices": "8"})
    before = len(list(tasks.iterdir()))
    with open_stage(DecodeConfig(chunk_bytes=1))(media(data)) as stream:
        for _ in stream:
            assert len(list(tasks.iterdir())) == before


def test_clips_in_threads_do_not_mix(clip, picture, media):
    results = {}

    def work(number: int) -> None:
        results[number] = decode(media(clip(num_frames=5 + number)), chunk_bytes=1)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for number in range(4):
        np.testing.assert_array_equal(results[number][1], np.stack([picture(i) for i in range(5 + number)]))


class StoppedError(Exception):
    pass


@pytest.fixture
def opened(monkeypatch):
    """Every container that was opened."""
    containers = []
    av_open = av.open

    def open_and_remember(*args, **kwargs):
        container = av_open(*args, **kwargs)
        if isinstance(container, av.container.InputContainer):
            containers.append(container)
        return container

    monkeypatch.setattr(container_module.av, "open", open_and_remember)
    return containers


def is_closed(container) -> bool:
    try:
        _ = container.duration
    except AssertionError:
        return True
    return False


def test_a_clip_is_open_while_it_is_decoded_and_closed_after(clip, media, opened):
    with open_stage(DecodeConfig())(media(clip())) as stream:
        list(stream)
        assert not is_closed(opened[0])
    assert is_closed(opened[0])


def test_a_consumer_that_stops_early_leaves_nothing_open(clip, media, opened):
    with open_stage(DecodeConfig(chunk_bytes=1))(media(clip())) as stream:
        next(iter(stream))
    assert is_closed(opened[0])


def test_a_consumer_that_fails_leaves_nothing_open_and_keeps_its_error(clip, tmp_path, opened, media):
    path = tmp_path / "clip.mkv"
    path.write_bytes(clip())
    with pytest.raises(OSError, match="disk full"):  # noqa: SIM117
        with open_stage(DecodeConfig())(type(media(b"x")).of_file(path)) as stream:
            next(iter(stream))
            raise OSError("disk full")
    assert is_closed(opened[0])


def test_a_refused_clip_leaves_nothing_open(clip, media, opened):
    with pytest.raises(Exception, match="TOO_MANY_PIXELS"):
        decode(media(clip()), max_pixels=1)
    assert is_closed(opened[0])


@pytest.mark.parametrize(
    ("container", "first", "expected"),
    [
        ("matroska", 0, ()),
        ("matroska", 15, (TimeHole(-0.6, 0.6),)),
        ("mp4", 15, (TimeHole(-0.6, 0.6),)),
        # The clock of a stream that was cut from a longer one begins anywhere.
        ("mpegts", 15, ()),
    ],
)
def test_frames_missing_at_the_begin_are_a_hole(clip, media, container, first, expected):
    data = clip(container, "mpeg4", "yuv420p", pts=range(first, first + 6))
    assert measure(media(data), DecodeConfig())[1].holes == expected


@pytest.mark.parametrize(("codec", "pixel_format"), [("mjpeg", "yuvj420p"), ("png", "rgb24")])
def test_pictures_copied_into_quicktime_are_a_video_of_25_hz(clip, media, codec, pixel_format):
    """What the command for folders of pictures makes."""
    info, facts = measure(media(clip("mov", codec, pixel_format, num_frames=75)), DecodeConfig())
    assert (info.codec, facts.num_frames, facts.rate_hz, facts.warnings) == (codec, 75, 25.0, ())
