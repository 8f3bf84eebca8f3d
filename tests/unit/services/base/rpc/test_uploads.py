"""How a server takes a clip in: its limits, its promises, and what it refuses."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from visemill.v1 import common_pb2, decode_pb2

from services.base.errors import BadInput
from services.base.media.clip import Media
from services.base.rpc.uploads import UploadLimits, Uploads, job_of, name_of, start_of

LIMITS = UploadLimits(max_clip_bytes=100, spool_bytes=10)


def _pieces(*pieces: bytes) -> Iterator[decode_pb2.DecodeRequest]:
    return iter([decode_pb2.DecodeRequest(data=piece) for piece in pieces])


def _header(**fields: object) -> common_pb2.MediaHeader:
    return common_pb2.MediaHeader(name="c.mpg", **fields)  # type: ignore[arg-type]


def test_a_call_begins_with_a_start() -> None:
    start = decode_pb2.DecodeStart(max_frames=3)
    assert start_of(iter([decode_pb2.DecodeRequest(start=start)])) == start


@pytest.mark.parametrize(
    ("requests", "said"),
    [([], "nothing"), ([decode_pb2.DecodeRequest()], "nothing"), ([decode_pb2.DecodeRequest(data=b"x")], "data")],
)
def test_anything_else_first_is_refused(requests: list[decode_pb2.DecodeRequest], said: str) -> None:
    with pytest.raises(BadInput, match=f"BAD_MESSAGE: a call begins with a start, not with {said}"):
        start_of(iter(requests))


def test_a_small_clip_stays_in_memory() -> None:
    with Uploads(LIMITS).media(_header(size_bytes=6), _pieces(b"abc", b"def")) as media:
        assert media == Media.of_bytes("c.mpg", b"abcdef")


def test_a_clip_without_bytes_is_for_the_decoder_to_judge() -> None:
    with Uploads(LIMITS).media(_header(), _pieces()) as media:
        assert media.data == b""


def test_a_larger_clip_lies_in_a_file_for_as_long_as_it_is_needed() -> None:
    pieces = (b"abcdefgh", b"ijklm", b"", b"nop")
    with Uploads(LIMITS).media(_header(size_bytes=16), _pieces(*pieces)) as media:
        assert media.path is not None
        assert media.path.read_bytes() == b"".join(pieces)
        assert media.sha256 == hashlib.sha256(b"".join(pieces)).hexdigest()
        assert media.size_bytes == 16
    assert not media.path.exists()


def test_a_spooled_clip_is_gone_after_a_failure_too() -> None:
    kept: list[Path] = []
    with (
        pytest.raises(RuntimeError, match="decoder"),
        Uploads(LIMITS).media(_header(), _pieces(b"x" * 50)) as media,
    ):
        assert media.path is not None
        kept.append(media.path)
        raise RuntimeError("decoder")
    assert not kept[0].exists()


def test_more_than_the_server_takes_is_refused_before_a_byte_is_read() -> None:
    def requests() -> Iterator[decode_pb2.DecodeRequest]:
        pytest.fail("a byte was read")
        yield decode_pb2.DecodeRequest()

    with (
        pytest.raises(BadInput, match=r"CLIP_TOO_LARGE.*--max-clip-mib"),
        Uploads(LIMITS).media(_header(size_bytes=101), requests()),
    ):
        pass


@pytest.mark.parametrize("promised", [0, 20])
def test_reading_stops_at_the_limit_and_at_the_promise(promised: int) -> None:
    taken = []

    def requests() -> Iterator[decode_pb2.DecodeRequest]:
        for number in range(1000):
            taken.append(number)
            yield decode_pb2.DecodeRequest(data=b"0123456789")

    with (
        pytest.raises(BadInput, match="CLIP_TOO_LARGE"),
        Uploads(LIMITS).media(_header(size_bytes=promised), requests()),
    ):
        pass
    assert len(taken) == (promised or 100) // 10 + 1


def test_fewer_bytes_than_promised_are_refused() -> None:
    with (
        pytest.raises(BadInput, match=r"UPLOAD_INCOMPLETE: c\.mpg: 3 of the 6 bytes"),
        Uploads(LIMITS).media(_header(size_bytes=6), _pieces(b"abc")),
    ):
        pass


@pytest.mark.parametrize(
    "requests", [[decode_pb2.DecodeRequest()], [decode_pb2.DecodeRequest(start=decode_pb2.DecodeStart())]]
)
def test_only_data_may_follow_a_start(requests: list[decode_pb2.DecodeRequest]) -> None:
    with pytest.raises(BadInput, match="BAD_MESSAGE"), Uploads(LIMITS).media(_header(), iter(requests)):
        pass


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(BadInput, match="BAD_MESSAGE"), Uploads(LIMITS).media(_header(size_bytes=-1), _pieces()):
        pass


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (common_pb2.MediaHeader(name="a b.mpg"), "a b.mpg"),
        (common_pb2.MediaHeader(name="a\nb\x1b[31m"), "a?b?[31m"),
        (common_pb2.MediaHeader(name="x" * 500), "x" * 200),
        (common_pb2.MediaHeader(uri="s3://b/p/c.mpg"), "c.mpg"),
        (common_pb2.MediaHeader(), "clip"),
    ],
)
def test_names_are_printable_and_bounded(header: common_pb2.MediaHeader, name: str) -> None:
    assert name_of(header) == name


def test_a_job_is_known_by_its_media() -> None:
    job = job_of(Media.of_bytes("c.mpg", b"x"))
    assert (job.clip.key, job.clip.media, job.media.data) == ("c.mpg", "c.mpg", b"x")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed folder beside one that is not."""
    folder = tmp_path / "allowed"
    (folder / "s1").mkdir(parents=True)
    (folder / "s1" / "a b.mpg").write_bytes(b"0123456789ab")
    (folder / "large.mpg").write_bytes(b"x" * 101)
    (folder / "inner.mpg").symlink_to(folder / "s1" / "a b.mpg")
    (tmp_path / "secret.mpg").write_bytes(b"secret")
    (folder / "link.mpg").symlink_to(tmp_path / "secret.mpg")
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.mpg")
    (tmp_path / "allowed-not").mkdir()
    (tmp_path / "allowed-not" / "x.mpg").write_bytes(b"secret")
    return folder


def _located(root: Path, uri: str) -> Media:
    limits = UploadLimits(100, 10, (str(root),))
    with Uploads(limits).media(_header(uri=uri), _pieces()) as media:
        return media


@pytest.mark.parametrize(
    "form", ["{root}/s1/a b.mpg", "file://{root}/s1/a%20b.mpg", "file://localhost{root}/s1/a b.mpg"]
)
def test_a_clip_below_an_allowed_root_is_read_in_place(root: Path, form: str) -> None:
    media = _located(root, form.format(root=root))
    assert media == Media.of_file(root / "s1" / "a b.mpg", "c.mpg")


def test_a_link_that_stays_below_the_root_is_followed(root: Path) -> None:
    assert _located(root, f"{root}/inner.mpg").size_bytes == 12


def test_a_root_may_itself_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    for way in (tmp_path / "alias", root):
        limits = UploadLimits(100, 10, (str(tmp_path / "alias"),))
        with Uploads(limits).media(_header(uri=f"{way}/inner.mpg"), _pieces()) as media:
            assert media.size_bytes == 12


@pytest.mark.parametrize(
    "uri",
    [
        "{root}/link.mpg",
        "{root}/up/secret.mpg",
        "{root}/../secret.mpg",
        "{root}/s1/../../secret.mpg",
        "file://{root}/%2e%2e/secret.mpg",
        "{root}-not/x.mpg",
        "/etc/passwd",
        "file:///etc/passwd",
        "file://elsewhere{root}/s1/a b.mpg",
        "s3://bucket/c.mpg",
        "http://host/c.mpg",
        "s1/a b.mpg",
        "{root}",
        "{root}/",
        "{root}/s1",
        "{root}/pipe.mpg",
    ],
)
def test_nothing_outside_the_roots_and_nothing_but_files_is_read(root: Path, uri: str) -> None:
    with pytest.raises(BadInput) as caught:
        _located(root, uri.format(root=root))
    assert caught.value.reason in {"URI_REFUSED", "BAD_NAME", "OUTSIDE_ROOT"}


def test_a_clip_that_is_not_there_is_said_to_be_missing(root: Path) -> None:
    with pytest.raises(BadInput, match="NOT_THERE"):
        _located(root, f"{root}/none.mpg")


def test_a_located_clip_over_the_limit_is_refused(root: Path) -> None:
    with pytest.raises(BadInput, match="CLIP_TOO_LARGE"):
        _located(root, f"{root}/large.mpg")


def test_bytes_beside_a_uri_are_refused(root: Path) -> None:
    limits = UploadLimits(100, 10, (str(root),))
    with (
        pytest.raises(BadInput, match="BAD_MESSAGE"),
        Uploads(limits).media(_header(uri=f"{root}/inner.mpg"), _pieces(b"x")),
    ):
        pass


def test_without_a_root_no_uri_is_read_and_the_answer_says_what_to_do(root: Path) -> None:
    with (
        pytest.raises(BadInput, match=r"URI_REFUSED.*--allow-root"),
        Uploads(LIMITS).media(_header(uri=f"{root}/inner.mpg"), _pieces()),
    ):
        pass


@pytest.mark.parametrize("bad", [{"roots": ("relative",)}, {"max_clip_bytes": 0}, {"spool_bytes": 0}])
def test_limits_check_themselves(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        UploadLimits(**bad)  # type: ignore[arg-type]


def test_a_folder_of_pictures_is_one_at_the_server_too_however_long_its_name() -> None:
    names = [name_of(common_pb2.MediaHeader(name=name)) for name in ("s1/a/", "x" * 500 + "/", "x" * 500)]
    assert names == ["s1/a/", "x" * 199 + "/", "x" * 200]


def _png(grey: int) -> bytes:
    done, data = cv2.imencode(".png", np.full((4, 6, 3), grey, np.uint8))
    assert done
    return bytes(data)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two pictures, in a folder below the root."""
    folder = tmp_path / "s1" / "a"
    folder.mkdir(parents=True)
    for number in (1, 2):
        (folder / f"{number}.png").write_bytes(_png(number))
    return folder


@pytest.mark.parametrize("spool_bytes", [1, 1000])
@pytest.mark.parametrize("name", ["", "clip", "s1/a/"])
def test_a_uri_may_name_a_folder_of_pictures(pictures: Path, tmp_path: Path, name: str, spool_bytes: int) -> None:
    limits = UploadLimits(spool_bytes=spool_bytes, roots=(str(tmp_path),))
    header = common_pb2.MediaHeader(name=name, uri=f"file://{pictures}/")
    with Uploads(limits).media(header, _pieces()) as media:
        whole = media.data if media.path is None else media.path.read_bytes()
        assert whole == _png(1) + _png(2)
        assert (media.name, media.is_pictures) == (f"{(name or 'a').rstrip('/')}/", True)
        assert (media.size_bytes, media.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())


@pytest.mark.parametrize(
    ("ending", "max_clip_bytes", "refusal"),
    [
        ("", 1000, "URI_REFUSED: .* is a folder of pictures: end its URI in `/`"),
        ("/b/", 1000, "NOT_THERE"),
        ("/", 10, "CLIP_TOO_LARGE"),
        ("/../a/", 1000, "BAD_NAME"),
        ("/1.png/", 1000, "NOT_THERE"),
    ],
)
def test_a_uri_of_no_such_folder_is_refused(
    pictures: Path, tmp_path: Path, ending: str, max_clip_bytes: int, refusal: str
) -> None:
    limits = UploadLimits(max_clip_bytes=max_clip_bytes, roots=(str(tmp_path),))
    header = common_pb2.MediaHeader(uri=f"{pictures}{ending}")
    with pytest.raises(BadInput, match=refusal), Uploads(limits).media(header, _pieces()):
        pass


def test_what_is_wrong_with_a_folder_of_pictures_is_said(pictures: Path, tmp_path: Path) -> None:
    (pictures / "2.png").rename(pictures / "3.png")
    header = common_pb2.MediaHeader(uri=f"{pictures}/")
    uploads = Uploads(UploadLimits(roots=(str(tmp_path),)))
    with pytest.raises(BadInput, match=r"PICTURES_MISSING: .*of numbers 2"), uploads.media(header, _pieces()):
        pass
    (pictures / "2.png").symlink_to("/etc/hostname")
    with pytest.raises(BadInput, match="LEAVES_ROOT"), uploads.media(header, _pieces()):
        pass


def test_the_root_itself_is_no_clip(tmp_path: Path) -> None:
    header = common_pb2.MediaHeader(uri=f"{tmp_path}/")
    with (
        pytest.raises(BadInput, match="BAD_NAME"),
        Uploads(UploadLimits(roots=(str(tmp_path),))).media(header, _pieces()),
    ):
        pass
