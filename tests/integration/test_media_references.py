"""Media that names other files or addresses reads nothing but itself: it is refused, or its own pictures come out."""

import ctypes
import io
import os
import select
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.clip import Media
from services.containers.config import DecodeConfig
from services.decode.stage import open_stage

# Grey of every picture in the media's own stream, and in the file that nothing may read.
OWN, CANARY = 60, 200
NUM_FRAMES = 3


def _video(container: str, codec: str, grey: int) -> bytes:
    """A few plain pictures of 64 x 48."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(NUM_FRAMES):
            picture = np.full((48, 64, 3), grey, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode())
    return file.getvalue()


@dataclass
class Elsewhere:
    """What media point at: a real video file, and a listener."""

    file: Path
    address: str
    listener: socket.socket

    def arrived(self) -> bool:
        """Whether somebody has connected."""
        return bool(select.select([self.listener], [], [], 0)[0])


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    file = tmp_path_factory.mktemp("elsewhere") / "canary.mp4"
    file.write_bytes(_video("mp4", "mpeg4", CANARY))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Elsewhere(file, f"127.0.0.1:{listener.getsockname()[1]}", listener)


@pytest.fixture
def opened(elsewhere: Elsewhere) -> Iterator[Callable[[], list[str]]]:
    """Asks the kernel (inotify) which files of the folder were opened since."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK)
    assert descriptor >= 0 and libc.inotify_add_watch(descriptor, bytes(elsewhere.file.parent), 0x20) >= 0

    def names() -> list[str]:
        try:
            events = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return []
        found = []
        while events:
            mask, length = struct.unpack_from("=4xI4xI", events)
            # The folder's own listing, by whoever else looks around, is no read of the file.
            if not mask & 0x40000000:
                found.append(events[16 : 16 + length].rstrip(b"\0").decode())
            events = events[16 + length :]
        return found

    yield names
    os.close(descriptor)


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _dref(kind: bytes, target: str) -> bytes:
    """A data reference: an alias record with a path as old QuickTime wrote it, or a url."""
    if kind == b"url ":
        return _box(b"dref", bytes(4), struct.pack(">I", 1), _box(kind, bytes(4), target.encode() + b"\0"))
    path = target.encode()
    name = Path(target).name.encode()
    volume, short = b"\x02HD".ljust(28, b"\0"), bytes([len(name)]) + name[:63].ljust(63, b"\0")
    fixed = bytes(4) + struct.pack(">HH", 150, 2) + bytes(2) + volume + bytes(12) + short + bytes(16)
    fixed += struct.pack(">HH", 1, 1) + bytes(16)
    tags = b"".join(
        struct.pack(">hH", tag, len(text)) + text + bytes(len(text) % 2) for tag, text in ((2, path), (18, path))
    )
    return _box(b"dref", bytes(4), struct.pack(">I", 1), _box(kind, bytes(4), fixed, tags, struct.pack(">hH", -1, 0)))


def _with_dref(data: bytes, dref: bytes) -> bytes:
    """The same movie, whose pictures are said to lie in another file. The movie's header comes last in it, so that no
    place of a picture moves.
    """
    at = data.index(b"dref") - 4
    (size,) = struct.unpack_from(">I", data, at)
    grown = bytearray(data[:at] + dref + data[at + size :])
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        place = data.rindex(kind, 0, at) - 4
        (old,) = struct.unpack_from(">I", grown, place)
        struct.pack_into(">I", grown, place, old + len(dref) - size)
    return bytes(grown)


def _element(name: str, *content: bytes) -> bytes:
    """Of EBML."""
    body = b"".join(content)
    return bytes.fromhex(name) + struct.pack(">Q", len(body) | 1 << 56) + body


def _linked(data: bytes, target: str) -> bytes:
    """A Matroska file that says that it goes on in others, by number and by name, and has chapters of another one."""
    uid = bytes(range(16))
    names = (
        _element("3e83bb", target.encode()) + _element("3c83ab", target.encode()) + _element("7384", target.encode())
    )
    linked = names + _element("3eb923", uid) + _element("3cb923", uid) + _element("4444", uid)
    chapter = _element("b6", _element("73c4", b"\1"), _element("91", b"\0"), _element("6e67", uid))
    chapters = _element("1043a770", _element("45b9", _element("45dd", b"\1"), chapter))
    at = data.index(bytes.fromhex("1549a966")) + 4
    # As a second header of the segment, before the first: the segment's length is not known then.
    head = data.index(bytes.fromhex("18538067")) + 4
    unknown = data[:head] + b"\x01" + b"\xff" * 7 + data[head + 8 :]
    return unknown[: at - 4] + _element("1549a966", linked) + chapters + unknown[at - 4 :]


def _texts(target: str) -> dict[str, bytes]:
    """Playlists and descriptions, which are nothing but references."""
    lines = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n",
        "hls with a key": f'#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF:1,\n'
        f"{target}\n#EXT-X-ENDLIST\n",
        "hls of playlists": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n",
        "concat": f"ffconcat version 1.0\nfile '{target}'\n",
        "concat without a first line": f"file '{target}'\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT1S"><Period><AdaptationSet contentType="video"><Representation id="1" '
        f'bandwidth="1"><BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>',
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\na=control:{target}\n"
        "m=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "pls": f"[playlist]\nFile1={target}\nNumberOfEntries=1\n",
        "asx": f'<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
        "asf reference": f"[Reference]\nRef1={target}\n",
        "rtsp text": f"RTSPtext{target}",
        "smil": f'<smil><body><video src="{target}"/></body></smil>',
        "imf": f'<?xml version="1.0"?><AssetMap><Path>{target}</Path></AssetMap>',
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{target}"/></svg>',
        "avisynth": f'AVISource("{target}")\n',
        "a name": target,
    }
    return {name: text.encode() for name, text in lines.items()}


def _targets(elsewhere: Elsewhere) -> list[str]:
    path = elsewhere.file
    return [str(path), path.as_uri(), f"file:{path}", path.name, f"http://{elsewhere.address}/a.mp4",
            f"tcp://{elsewhere.address}", f"concat:{path}|{path}", f"subfile,,start,0,end,0,,:{path}"]  # fmt: skip


def _greys(data: bytes, name: str, folder: Path) -> list[int] | str:
    """Mean grey of each decoded frame, of the media in memory and as a file among others; the reason of a refusal."""
    file = folder / name
    file.write_bytes(data)
    results: list[list[int] | str] = []
    for media in (Media.of_bytes(name, data), Media.of_file(file)):
        try:
            with open_stage(DecodeConfig())(media) as stream:
                results.append([round(float(frame.mean())) for chunk in stream for frame in chunk.frames_THWC])
        except BadInput as refused:
            results.append(refused.reason)
    assert results[0] == results[1]
    return results[0]


def test_the_watch_sees_what_is_read(elsewhere: Elsewhere, opened: Callable[[], list[str]]) -> None:
    """What the other tests rest on: a reader that may read references does, and it is seen."""
    with av.open(
        io.BytesIO(_texts(str(elsewhere.file))["concat"]), options={"safe": "0"}, format="concat"
    ) as container:
        assert abs(float(next(container.decode(video=0)).to_ndarray(format="rgb24").mean()) - CANARY) < 9
    assert "canary.mp4" in opened()
    movie = elsewhere.file.with_name("movie.mov")
    movie.write_bytes(_with_dref(_video("mov", "mpeg4", OWN), _dref(b"alis", str(elsewhere.file))))
    with av.open(str(movie), options={"enable_drefs": "1", "use_absolute_path": "1"}) as container:
        assert abs(float(next(container.decode(video=0)).to_ndarray(format="rgb24").mean()) - CANARY) < 9
    assert "canary.mp4" in opened()
    with socket.create_connection(elsewhere.listener.getsockname()):
        assert elsewhere.arrived()
        elsewhere.listener.accept()[0].close()


@pytest.mark.parametrize("kind", _texts(""))
def test_playlists_and_descriptions_are_refused(
    elsewhere: Elsewhere, opened: Callable[[], list[str]], tmp_path: Path, kind: str
) -> None:
    for target in _targets(elsewhere):
        for name in ("clip.mp4", "clip.mpg", "clip.m3u8"):
            assert _greys(_texts(target)[kind], name, tmp_path) in ("OPEN_FAILED", "NO_VIDEO_STREAM", "NO_FRAMES"), (
                target
            )
    assert opened() == [] and not elsewhere.arrived()


@pytest.mark.parametrize("kind", [b"url ", b"alis"])
@pytest.mark.parametrize("container", ["mov", "mp4"])
def test_a_movie_whose_pictures_are_said_to_lie_elsewhere_shows_its_own_or_none(
    elsewhere: Elsewhere, opened: Callable[[], list[str]], tmp_path: Path, container: str, kind: bytes
) -> None:
    plain = _video(container, "mpeg4", OWN)
    for target in _targets(elsewhere):
        _own_or_none(_greys(_with_dref(plain, _dref(kind, target)), f"clip.{container}", tmp_path))
    assert opened() == [] and not elsewhere.arrived()


def test_a_linked_matroska_shows_its_own(elsewhere: Elsewhere, opened: Callable[[], list[str]], tmp_path: Path) -> None:
    plain = _video("matroska", "mpeg4", OWN)
    for target in _targets(elsewhere):
        _own_or_none(_greys(_linked(plain, target), "clip.mkv", tmp_path))
    assert opened() == [] and not elsewhere.arrived()


def test_a_reference_inside_or_behind_a_video_is_not_followed(
    elsewhere: Elsewhere, opened: Callable[[], list[str]], tmp_path: Path
) -> None:
    """A playlist behind a video, before one that is found anywhere in a file, or in a box that nobody reads."""
    movie, stream = _video("mp4", "mpeg4", OWN), _video("mpegts", "mpeg2video", OWN)
    for text in _texts(str(elsewhere.file)).values():
        for data in (movie + text, movie + _box(b"free", text), text + stream, stream + text):
            _own_or_none(_greys(data, "clip.mp4", tmp_path))
    assert opened() == [] and not elsewhere.arrived()


@pytest.mark.parametrize("name", ["%03d.mp4", "canary*.mp4", "file:canary.mp4", "concat:canary.mp4", "http:x.mp4"])
def test_a_name_is_no_pattern_and_no_protocol(
    elsewhere: Elsewhere, opened: Callable[[], list[str]], tmp_path: Path, name: str
) -> None:
    assert _greys(_video("mp4", "mpeg4", OWN), name, tmp_path) == pytest.approx([OWN] * NUM_FRAMES, abs=4)
    assert opened() == [] and not elsewhere.arrived()


def _own_or_none(greys: list[int] | str) -> None:
    if isinstance(greys, str):
        assert greys in ("OPEN_FAILED", "NO_VIDEO_STREAM", "NO_FRAMES")
    else:
        assert greys and greys == pytest.approx([OWN] * len(greys), abs=4)
