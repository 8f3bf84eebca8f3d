"""The digest of decoded pictures: one for one stream, whatever the container and its bytes."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from clip_measures import measure

from services.base.media.clip import Media
from services.base.media.video import DecodeFacts
from services.containers.config import DecodeConfig
from services.containers.picture_digest import PictureDigest


def facts_of(data: bytes, **settings: int) -> DecodeFacts:
    return measure(Media.of_bytes("clip", data), DecodeConfig(**settings))[1]


def remuxed(data: bytes, container: str) -> bytes:
    """The same packets in another container."""
    file = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(file, "w", format=container) as output:
        video = source.streams.video[0]
        copy = output.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.stream = copy
                output.mux(packet)
    return file.getvalue()


@pytest.mark.parametrize(
    ("codec", "pixel_format"), [("mpeg4", "yuv420p"), ("mjpeg", "yuvj422p"), ("libx264", "yuv420p10le")]
)
def test_the_same_pictures_in_another_container_have_the_same_digest(clip, codec, pixel_format) -> None:
    # 56 px wide: rows in memory are padded, and padding must not count.
    data = clip("mp4", codec, pixel_format, width_px=56)
    assert facts_of(data).frames_sha256 == facts_of(remuxed(data, "matroska")).frames_sha256 != ""


@pytest.mark.parametrize("width_px", [64, 57])
@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv422p10le", "yuyv422", "nv12", "yuva420p", "pal8", "ya8"])
def test_pictures_of_any_layout_and_width_have_a_digest(pixel_format, width_px) -> None:
    def digest(luma: int) -> str:
        picture = av.VideoFrame.from_ndarray(np.full((48, width_px, 3), luma, np.uint8), format="rgb24")
        if pixel_format == "pal8":
            palette = np.arange(256, dtype=np.uint8)[:, None].repeat(4, axis=1)
            frame = av.VideoFrame.from_ndarray((np.full((48, width_px), luma, np.uint8), palette), format="pal8")
        else:
            frame = picture.reformat(format=pixel_format)
        made = PictureDigest()
        made.add(frame)
        return made.hex()

    assert digest(40) == digest(40) != digest(200)


def test_other_pictures_or_fewer_of_them_have_another(clip) -> None:
    digests = {
        facts_of(clip(num_frames=6)).frames_sha256,
        facts_of(clip(num_frames=5)).frames_sha256,
        facts_of(clip(num_frames=6, width_px=56)).frames_sha256,
    }
    assert len(digests) == 3


def test_a_limit_on_frames_counts_those_before_it_alone(clip) -> None:
    assert facts_of(clip(num_frames=6), max_frames=4).frames_sha256 == facts_of(clip(num_frames=4)).frames_sha256
