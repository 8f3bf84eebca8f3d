"""Pictures one behind the other are a video of 25 Hz, read by the reader of their kind and by no other."""

import cv2
import numpy as np
import pytest
from clip_measures import measure

from services.base.errors import BadInput
from services.base.media.clip import Media
from services.containers.config import DecodeConfig
from services.decode.stage import open_stage


def encoded(pixels_HWC: np.ndarray, kind: str, *how: int) -> bytes:
    """pixels: RGB, or of one or four channels."""
    bgr = pixels_HWC[..., ::-1] if pixels_HWC.ndim == 3 and pixels_HWC.shape[2] == 3 else pixels_HWC
    return bytes(cv2.imencode(f".{kind.lower()}", bgr, how)[1])


def decode(media: Media, **settings: object) -> tuple[np.ndarray, list[float]]:
    with open_stage(DecodeConfig(**settings))(media) as stream:
        chunks = list(stream)
    times_s = [time_s for chunk in chunks for time_s in chunk.pts_s.tolist()]
    return np.concatenate([chunk.frames_THWC for chunk in chunks]), times_s


@pytest.mark.parametrize("sampling", [{}, {"sampling": "steady", "target_fps": 25.0}])
def test_png_gives_its_pixels_to_the_bit_and_times_of_25_hz(picture, sampling) -> None:
    frames_THWC = np.stack([picture(i) for i in range(30)])
    media = Media.of_bytes("s1/a/", b"".join(encoded(frame, "PNG") for frame in frames_THWC))
    decoded_THWC, times_s = decode(media, **sampling)
    np.testing.assert_array_equal(decoded_THWC, frames_THWC)
    assert times_s == [i / 25 for i in range(30)]
    info, facts = measure(media, DecodeConfig())
    assert (info.codec, info.fps_hz, facts.rate_hz, facts.duration_s) == ("png", 25.0, 25.0, 1.2)
    assert (facts.num_decoded, facts.num_lost, facts.num_derived_pts, facts.holes, facts.warnings) == (30, 0, 0, (), ())


@pytest.mark.parametrize(
    "how",
    [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)],
)
def test_jpeg_gives_one_frame_a_picture_and_nearly_its_pixels(picture, how) -> None:
    frames_THWC = np.stack([picture(i) for i in range(30)])
    media = Media.of_bytes("s1/a/", b"".join(encoded(frame, "JPG", *how) for frame in frames_THWC))
    decoded_THWC, times_s = decode(media)
    assert times_s == [i / 25 for i in range(30)]
    away_T = np.abs(decoded_THWC.astype(int) - frames_THWC).mean(axis=(1, 2, 3))
    other_T = np.abs(decoded_THWC[1:].astype(int) - frames_THWC[:-1]).mean(axis=(1, 2, 3))
    assert away_T.max() < 8 < 40 < other_T.min()


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("pixel_type", [np.uint8, np.uint16])
def test_png_of_other_pixels_becomes_rgb(channels: int, pixel_type: type) -> None:
    most = np.iinfo(pixel_type).max
    shades_HWC = (
        (np.arange(48 * 64).reshape(48, 64, 1) % 256 * (most // 255)).repeat(channels, axis=2).astype(pixel_type)
    )
    shades_HWC[..., 3:] = most
    decoded_THWC, _ = decode(Media.of_bytes("s1/a/", encoded(shades_HWC, "PNG") * 3))
    np.testing.assert_allclose(decoded_THWC[2][..., 0] * (most / 255), shades_HWC[..., 0], atol=most / 255)


def test_limits_hold_for_pictures_too(picture) -> None:
    media = Media.of_bytes("s1/a/", encoded(picture(0), "PNG") * 10)
    assert len(decode(media, max_frames=4)[0]) == 4
    for settings, reason in (({"max_pixels": 100}, "TOO_MANY_PIXELS"), ({"max_decoded_frames": 5}, "TOO_LONG")):
        with pytest.raises(BadInput) as caught:
            decode(media, **settings)
        assert caught.value.reason == reason


def test_pictures_are_read_only_where_the_name_is_a_folders(picture) -> None:
    for kind in ("PNG", "JPG"):
        with pytest.raises(BadInput, match="OPEN_FAILED"):
            decode(Media.of_bytes("s1/a.mpg", encoded(picture(0), kind) * 3))


def test_nothing_but_pictures_is_read_in_a_folders_place(clip, media) -> None:
    for data in (clip(), b"#EXTM3U\n#EXTINF:1,\n1.jpg\n", b"BM", b"ffconcat version 1.0\nfile 1.jpg\n"):
        with pytest.raises(BadInput, match="its first picture is neither JPEG nor PNG"):
            decode(Media.of_bytes("s1/a/", data))


def test_a_picture_that_does_not_decode_ends_the_clip_and_is_a_loss(picture) -> None:
    pictures = [encoded(picture(i), "PNG") for i in range(6)]
    spoiled = bytearray(pictures[3])
    spoiled[60:80] = bytes(20)
    _, facts = measure(
        Media.of_bytes("s1/a/", b"".join([*pictures[:3], bytes(spoiled), *pictures[4:]])), DecodeConfig()
    )
    assert (facts.num_decoded, facts.num_lost, facts.ended_early) == (3, 3, True)
