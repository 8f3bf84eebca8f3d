"""A zip becomes a folder: safely, whole or not at all, and what an earlier call has unpacked is not unpacked again."""

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_hub import Seen, zip_of

from services.base.errors import BadConfig
from services.training.data.hub.unpacking import members_of, unpack

GOOD = {"processed_val/1.mp4": b"one" * 1000, "processed_val/a/2.mp4": b"two", "__MACOSX/._1.mp4": b"x"}


def of(tmp_path: Path, data: bytes) -> Callable[[], Seen]:
    (tmp_path / "blob").write_bytes(data)

    def call() -> Seen:
        seen = Seen()
        unpack(
            tmp_path / "blob", "processed_val.zip", tmp_path / "out" / "processed_val", tmp_path / "out" / "work", seen
        )
        return seen

    return call


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def with_member(info: zipfile.ZipInfo, data: bytes = b"x") -> bytes:
    file = io.BytesIO(zip_of({"processed_val/1.mp4": b"one"}))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(info, data)
    return file.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def test_it_becomes_a_folder_of_its_name(tmp_path: Path) -> None:
    seen = of(tmp_path, zip_of(GOOD))()
    assert names(tmp_path / "out") == ["processed_val/1.mp4", "processed_val/a/2.mp4"]
    assert (tmp_path / "out/processed_val/a/2.mp4").read_bytes() == b"two"
    assert seen.phases == [("unpacking processed_val.zip", 3003, 0)] and seen.counts[-1] == 3003


def test_members_without_a_folder_around_them_get_one() -> None:
    bare = zipfile.ZipFile(io.BytesIO(zip_of({"111_M/FACE/1.mp4": b"1", "112_M/FACE/1.mp4": b"2"})))
    assert [str(one.path) for one in members_of("train.zip", bare.infolist())] == [
        "111_M/FACE/1.mp4",
        "112_M/FACE/1.mp4",
    ]


@pytest.mark.parametrize(
    ("info", "why"),
    [
        (zipfile.ZipInfo("../evil.mp4"), "would be written elsewhere"),
        (zipfile.ZipInfo("processed_val/../../evil.mp4"), "would be written elsewhere"),
        (zipfile.ZipInfo("/etc/evil"), "would be written elsewhere"),
        (zipfile.ZipInfo("C:evil"), "would be written elsewhere"),
        (zipfile.ZipInfo("..\\evil"), "would be written elsewhere"),
        (zipfile.ZipInfo("processed_val/a\nb"), "control characters"),
        (link("processed_val/link.mp4"), "is a link or a device"),
        (zipfile.ZipInfo("processed_val/1.mp4/2.mp4"), "is a file and a folder"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value.filename),
)
def test_what_does_not_stay_in_its_folder_is_refused_before_anything_is_written(
    tmp_path: Path, info: zipfile.ZipInfo, why: str
) -> None:
    with pytest.raises(BadConfig, match=f"ZIP_UNSAFE.*{why}.*nothing of the zip is unpacked"):
        of(tmp_path, with_member(info))()
    assert names(tmp_path) == ["blob"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"ZIP_UNSAFE.*'processed_val/1\.mp4'.*stands there twice"):
        of(tmp_path, with_member(zipfile.ZipInfo("processed_val/1.mp4")))()


def test_a_flipped_byte_is_found_and_nothing_of_the_member_stays(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("processed_val/1.mp4"), b"one" * 1000)
    with pytest.raises(BadConfig, match=r"ZIP_DAMAGED.*Bad CRC-32"):
        of(tmp_path, file.getvalue().replace(b"oneone", b"oneOne", 1))()
    assert not (tmp_path / "out/processed_val").exists()
    assert "1.mp4" not in [Path(name).name for name in names(tmp_path)]
    with pytest.raises(BadConfig, match="ZIP_DAMAGED"):
        of(tmp_path, b"no zip")()


def test_it_goes_on_after_an_interruption_with_files_that_are_whole(tmp_path: Path) -> None:
    work = tmp_path / "out/work"
    work.mkdir(parents=True)
    (work / "1.mp4").write_bytes(b"ONE" * 1000)
    (work / "2.mp4.part").write_bytes(b"tw")
    seen = of(tmp_path, zip_of(GOOD))()
    assert (tmp_path / "out/processed_val/1.mp4").read_bytes() == b"ONE" * 1000, "it was unpacked again"
    assert seen.phases == [("unpacking processed_val.zip", 3003, 3000)]


def test_a_folder_that_is_there_is_taken_if_it_is_whole_and_refused_if_not(tmp_path: Path) -> None:
    call = of(tmp_path, zip_of(GOOD))
    call()
    assert call().phases == []
    (tmp_path / "out/processed_val/1.mp4").write_bytes(b"another")
    with pytest.raises(BadConfig, match=r"OUTPUT_EXISTS.*processed_val is there.*--output-dir"):
        call()
