"""Which of a file's video streams is decoded, and that the choice is told."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Sequence

import av
import numpy as np
import pytest
from av.stream import Disposition
from clip_measures import probe

from services.base.media.clip import Media
from services.base.media.video import VideoInfo
from services.containers.config import DecodeConfig

Stream = tuple[int, int, Disposition]
NONE = Disposition(0)


def file_of(streams: Sequence[Stream], picture: Callable[..., np.ndarray], stills: Collection[int] = ()) -> bytes:
    """Matroska with a stream of three frames for each (width_px, height_px, disposition), those of `stills` of one."""
    file = io.BytesIO()
    with av.logging.Capture(), av.open(file, "w", format="matroska") as output:
        made = []
        for width_px, height_px, disposition in streams:
            stream = output.add_stream("mpeg4", rate=25)
            stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
            stream.disposition = disposition.value
            made.append(stream)
        for stream in made:
            for index in range(1 if stream.index in stills else 3):
                pixels = picture(index, stream.width, stream.height)
                output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            output.mux(stream.encode())
    return file.getvalue()


def chosen(streams: Sequence[Stream], picture: Callable[..., np.ndarray]) -> VideoInfo:
    return probe(Media.of_bytes("clip.mkv", file_of(streams, picture)), DecodeConfig())


@pytest.mark.parametrize(
    ("streams", "index", "num"),
    [
        pytest.param([(64, 48, Disposition.default)], 0, 1, id="the only one"),
        pytest.param([(64, 48, NONE)], 0, 1, id="the only one, though not default"),
        pytest.param([(128, 96, NONE), (64, 48, Disposition.default)], 1, 2, id="the default one before a larger"),
        pytest.param([(64, 48, NONE), (128, 96, NONE)], 1, 2, id="none is default: the largest"),
        pytest.param([(64, 48, NONE), (64, 48, NONE)], 0, 2, id="equals: the first"),
        pytest.param(
            [(64, 48, Disposition.default), (128, 96, Disposition.default)], 1, 2, id="two default ones: the largest"
        ),
    ],
)
def test_the_default_stream_else_the_largest(picture, streams, index, num) -> None:
    info = chosen(streams, picture)
    assert (info.stream_index, info.num_video_streams) == (index, num)
    assert (info.width_px, info.height_px) == streams[index][:2]


@pytest.mark.parametrize("cover", [Disposition.default, NONE])
@pytest.mark.parametrize("place", [0, 1])
def test_a_picture_alone_is_no_video_even_if_nobody_says_so(picture, cover: Disposition, place: int) -> None:
    streams = [(64, 48, NONE)]
    streams.insert(place, (128, 96, cover))
    info = probe(Media.of_bytes("clip.mkv", file_of(streams, picture, stills=[place])), DecodeConfig())
    assert (info.stream_index, info.num_video_streams) == (1 - place, 2)


def test_a_file_of_single_pictures_is_read_all_the_same(picture) -> None:
    data = file_of([(64, 48, NONE), (128, 96, NONE)], picture, stills=[0, 1])
    assert probe(Media.of_bytes("clip.mkv", data), DecodeConfig()).stream_index == 1
