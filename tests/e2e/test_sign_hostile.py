"""One data set of every odd and hostile clip that can be thought of: each ends in right points or in its reason."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from services.records.sign.files.validate import validate

pytestmark = pytest.mark.slow

Frames = Sequence[np.ndarray]
NUM_FRAMES = 12
MILLISECOND = Fraction(1, 1000)


def read_frames(path: Path, first: int, count: int) -> list[np.ndarray]:
    """RGB frames of a real clip."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return frames[first : first + count]


def encode(
    path: Path,
    frames: Frames,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    *,
    rate: int = 30,
    pts_ms: Sequence[int] | None = None,
    rotation_ccw_deg: int = 0,
    container: str | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A video of these frames; pts_ms: when each is shown, without: at the rate."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        own_scheduling(),
        av.logging.Capture(),
        av.open(str(path), "w", format=container, options=options or {}) as output,
    ):
        stream = output.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixel_format
        if codec != "libsvtav1":
            stream.bit_rate = 4_000_000
        if codec in ("libx264", "libx265", "libsvtav1"):
            stream.options = {"preset": "10" if codec == "libsvtav1" else "ultrafast", "crf": "18"}
        if pts_ms is not None:
            stream.codec_context.time_base = MILLISECOND
        if rotation_ccw_deg:
            stream.set_display_rotation(rotation_ccw_deg)
        for i, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts = i if pts_ms is None else pts_ms[i]
            frame.time_base = Fraction(1, rate) if pts_ms is None else MILLISECOND
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


@contextlib.contextmanager
def own_scheduling() -> Iterator[None]:
    """As root, libsvtav1 gives the calling thread a real-time priority, which all that it starts later would inherit:
    two of these at once leave a machine of two cores nothing.
    """
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def sized(frames: Frames, width_px: int, height_px: int) -> list[np.ndarray]:
    return [np.asarray(cv2.resize(f, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8) for f in frames]


def beside(left: Frames, right: Frames) -> list[np.ndarray]:
    """Two clips of one height in one picture."""
    return [np.concatenate(pair, axis=1) for pair in zip(left, right, strict=True)]


def noise(count: int, height_px: int = 96, width_px: int = 128) -> list[np.ndarray]:
    return [np.random.default_rng(i).integers(0, 40, (height_px, width_px, 3), np.uint8) for i in range(count)]


def sound(path: Path) -> None:
    with av.logging.Capture(), av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=44100)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        samples.sample_rate = 44100
        output.mux(stream.encode(samples))
        output.mux(stream.encode())


def overwrite(source: Path, target: Path, begin: float, end: float) -> None:
    """The bytes of a file with a part of them, given in shares of the whole, replaced by noise."""
    data = bytearray(source.read_bytes())
    first, last = int(len(data) * begin), int(len(data) * end)
    data[first:last] = np.random.default_rng(0).bytes(last - first)
    target.write_bytes(data)


@dataclass(frozen=True)
class Real:
    """A signer, upright, 270x360; hands: the same, cut out about one hand."""

    signer: list[np.ndarray]
    other: list[np.ndarray]
    hands: list[np.ndarray]


def fill(root: Path, real: Real) -> None:
    """Every clip of the data set."""
    signer = real.signer
    encode(root / "upright.mp4", signer)
    encode(root / "nobody.mp4", noise(6))
    small = [cv2.copyMakeBorder(f, 160, 0, 0, 0, cv2.BORDER_CONSTANT) for f in sized(real.other, 200, 200)]
    encode(root / "two, one larger.mp4", beside(signer, small))
    encode(root / "two, one larger, right.mp4", beside(small, signer))
    equal = sized([f[110:494, 128:384] for f in real.other], 240, 360)
    encode(root / "two of a size.mp4", beside(signer, equal))
    encode(root / "two of a size, swapped.mp4", beside(equal, signer))
    encode(root / "hands only.mp4", real.hands)
    for degrees in (90, 180, 270):
        # Turned pixels, with the note that undoes it, as phones write them.
        turned = [np.rot90(f, k=degrees // 90) for f in signer]
        encode(root / f"turned_{degrees}.mov", turned, rotation_ccw_deg=-degrees)
    encode(root / "one frame.mp4", signer[:1])
    encode(root / "fast.mp4", [f for f in signer for _ in range(4)], rate=120)
    variable = [0, 33, 66, 300, 333, 400, 700, 720, 740, 760, 1500, 1533]
    encode(root / "variable.mkv", signer, pts_ms=variable)
    encode(root / "late.mkv", signer, pts_ms=[60_000 + 33 * i for i in range(NUM_FRAMES)])
    encode(root / "odd size.mp4", sized(signer, 321, 241), pixel_format="yuv444p")
    encode(root / "tiny.mp4", sized(signer[:2], 16, 16))
    fill_codecs(root, signer)
    fill_broken(root, signer)
    fill_names(root, signer[:2])


def fill_codecs(root: Path, signer: Frames) -> None:
    encode(root / "ten bit hevc.MP4", signer, "libx265", "yuv420p10le")
    encode(root / "vp9.WebM", signer, "libvpx-vp9")
    encode(root / "vp8.webm", signer, "libvpx")
    encode(root / "av1.mkv", signer, "libsvtav1", "yuv420p10le")
    encode(root / "prores.MOV", signer, "prores_ks", "yuv422p10le")
    encode(root / "motion jpeg.AVI", signer, "mjpeg", "yuvj420p")
    encode(root / "xvid.avi", signer, "mpeg4")
    encode(root / "mpeg1.MPG", signer, "mpeg1video")
    encode(root / "mpeg2.mpeg", signer, "mpeg2video", container="mpeg")
    encode(root / "moving.gif", signer, "gif", "rgb8", rate=25)
    encode(root / "MOVING TOO.GIF", signer, "gif", "rgb8", rate=25)
    encode(root / "windows.wmv", signer, "wmv2")
    encode(root / "phone.3GP", sized(signer, 176, 144), "mpeg4")


def fill_broken(root: Path, signer: Frames) -> None:
    whole = root / "upright.mp4"
    encode(root / "stream.mkv", signer * 3, options={"cluster_time_limit": "100"})
    matroska, moving = root / "stream.mkv", root / "moov first.mp4"
    encode(moving, signer * 3, options={"movflags": "faststart"})
    (root / "text.mov").write_text("not a video")
    (root / "zeros.mkv").write_bytes(bytes(4096))
    (root / "empty.mkv").touch()
    cv2.imwrite(str(root / "a picture.png"), signer[0])
    shutil.move(root / "a picture.png", root / "a picture.mp4")
    sound(root / "sound.mp4")
    data = whole.read_bytes()
    (root / "cut, no index.mp4").write_bytes(data[: len(data) // 2])
    for source, name in ((matroska, "cut.mkv"), (moving, "cut, index first.mp4")):
        (root / name).write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    header = matroska.read_bytes().index(bytes.fromhex("1f43b675"))
    (root / "header only.mkv").write_bytes(matroska.read_bytes()[:header])
    overwrite(moving, root / "noise in the middle.mp4", 0.5, 0.55)
    overwrite(matroska, root / "noise in the middle.mkv", 0.5, 0.55)
    resized = root / "resized.ts"
    encode(resized, signer, container="mpegts")
    encode(root / "resized2.ts", sized(signer, 360, 270), container="mpegts")
    joined = resized.read_bytes() + (root / "resized2.ts").read_bytes()
    (root / "size changes.mpg").write_bytes(joined)
    for path in root.glob("*.ts"):
        path.unlink()
    empty = encode(root / "no frames.mp4", signer, options={"movflags": "empty_moov+frag_keyframe"})
    empty.write_bytes(empty.read_bytes().partition(b"moof")[0][:-4])
    data = bytearray(moving.read_bytes())
    begin = data.index(b"mdat") + 4
    data[begin:] = bytes(len(data) - begin)
    (root / "all zeros.mp4").write_bytes(data)


def fill_names(root: Path, short: Frames) -> None:
    clip = encode(root / "names" / "a.mp4", short)
    for name in (
        "b/a.mp4",
        "b/A.mp4",
        "b/a.mov",
        "c/a.MP4",
        "Übung – 手语 🤟.mp4",
        "with  spaces .mp4",
        f"{'long' * 61}.mp4",
    ):
        target = root / "names" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(clip, target)
    (root / "names" / "folder.mp4").mkdir()
    (root / "names" / "linked.mp4").symlink_to(clip)
    (root / "names" / "gone.mp4").symlink_to(root / "nowhere.mp4")


@dataclass(frozen=True)
class Outcome:
    """What became of the data set. arrays, quality, reasons: by the output's or the input's name."""

    root: Path
    out: Path
    quality: dict[str, dict[str, Any]]
    reasons: dict[str, str]

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        with np.load(self.out / f"{name}.npz") as npz:
            return dict(npz)

    def points(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """([T, 78, 2], [T, 78])"""
        arrays = self.arrays(name)
        return arrays["X"].reshape(-1, 78, 2), arrays["mask"]


@pytest.fixture(scope="module")
def real(testdata: Path) -> Real:
    signer = sized(read_frames(testdata / "data/sign/pose_test_video.mp4", 20, NUM_FRAMES), 270, 360)
    other = read_frames(testdata / "data/sign/autsl_signer0_sample1000.mp4", 10, NUM_FRAMES)
    return Real(signer, other, sized([f[350:483, 200:333] for f in other], 256, 256))


@pytest.fixture(scope="module")
def outcome(
    real: Real, visemill: Any, json_lines: Callable[[Path], list[dict[str, Any]]], tmp_path_factory: Any
) -> Outcome:
    folder = tmp_path_factory.mktemp("hostile")
    root, out = folder / "in", folder / "out"
    root.mkdir()
    fill(root, real)
    visemill.ok("run", "sign", root, out, "--write-keypoints", "--id", 3, "--num-shards", 4, "--quiet", code=3)
    quality = {str(line["file"]).removesuffix(".npz"): line for line in json_lines(out / "quality.jsonl")}
    reasons = {line["media"]: line["reason"] for line in json_lines(out / "quarantine.jsonl")}
    return Outcome(root, out, quality, reasons)


def test_what_cannot_be_used_is_left_out_each_with_its_reason(outcome: Outcome) -> None:
    assert outcome.reasons == {
        "a picture.mp4": "OPEN_FAILED",
        "all zeros.mp4": "NO_FRAMES",
        "cut, no index.mp4": "OPEN_FAILED",
        "empty.mkv": "EMPTY_FILE",
        "header only.mkv": "OPEN_FAILED",
        "names/gone.mp4": "NOT_A_FILE",
        "no frames.mp4": "NO_FRAMES",
        "nobody.mp4": "NO_PERSON",
        "size changes.mpg": "SIZE_CHANGED",
        "sound.mp4": "NO_VIDEO_STREAM",
        "text.mov": "OPEN_FAILED",
        "tiny.mp4": "NO_PERSON",
        "zeros.mkv": "OPEN_FAILED",
    }


def test_every_other_video_has_a_file_of_its_own_that_keeps_the_rules(outcome: Outcome) -> None:
    videos = [path for path in outcome.root.rglob("*") if path.is_file() or path.is_symlink()]
    made = sorted(outcome.out.glob("*.npz"))
    assert len(made) == len(videos) - len(outcome.reasons) == len(outcome.quality)
    for path in made:
        assert validate(path.read_bytes(), path.with_suffix(".parquet").read_bytes()) == [], path.name
    rows = (outcome.out / "labels.csv").read_text("utf-8").splitlines()[1:]
    assert len(rows) == len(made)


def test_clips_of_one_name_do_not_meet_whatever_their_letters(outcome: Outcome) -> None:
    names = {path.stem for path in outcome.out.glob("*.npz")}
    assert {"Übung – 手语 🤟", "with  spaces ", "linked", "names__a", "names__c__a", "names__b__a_mov"} <= names
    assert sum(name.casefold().startswith("names__b__a__") for name in names) == 2
    assert sum("longlong" in name for name in names) == 1
    assert len({name.casefold() for name in names}) == len(names)


@pytest.mark.parametrize("name", ["turned_90", "turned_180", "turned_270"])
def test_a_turned_clip_has_the_points_of_the_upright_one(outcome: Outcome, name: str) -> None:
    assert outcome.quality[name]["rotation_deg"] == int(name.removeprefix("turned_"))
    assert (outcome.quality[name]["width_px"], outcome.quality[name]["height_px"]) == (270, 360)
    assert_same_points(outcome, name)


@pytest.mark.parametrize(
    "name",
    [
        *("ten bit hevc", "vp9", "vp8", "av1", "prores", "motion jpeg", "xvid", "mpeg1", "mpeg2", "windows"),
        *("odd size", "phone", "late", "moov first", "stream"),
    ],
)
def test_codec_container_and_size_change_no_point(outcome: Outcome, name: str) -> None:
    assert_same_points(outcome, name)


def assert_same_points(outcome: Outcome, name: str) -> None:
    """The face to a hundredth of the frame; the body, half of which is guessed, and hands are there as often."""
    (xy_TNC, mask_TN), (right_TNC, right_TN) = outcome.points(name), outcome.points("upright")
    xy_TNC, mask_TN = xy_TNC[: len(right_TN)], mask_TN[: len(right_TN)]
    assert len(mask_TN) == len(right_TN)
    both_TN = mask_TN & right_TN
    distance_TN = np.linalg.norm(xy_TNC - right_TNC, axis=2)
    for group, limit in ((slice(0, 25), 0.02), (slice(67, 78), 0.01)):
        assert both_TN[:, group].sum() > 0.9 * right_TN[:, group].sum()
        assert distance_TN[:, group][both_TN[:, group]].mean() < limit
    assert abs(int(mask_TN[:, 46].sum()) - int(right_TN[:, 46].sum())) <= 1


def test_both_gifs_are_read(outcome: Outcome) -> None:
    assert outcome.quality["moving"]["hands_share"] > 0.5
    for name in ("moving", "MOVING TOO"):
        assert outcome.arrays(name)["timestamps_ms"].tolist() == [0, 80, 120, 200, 280, 320, 400, 440]


def test_one_frame_is_a_clip_and_told(outcome: Outcome) -> None:
    assert outcome.arrays("one frame")["X"].shape == (1, 156)
    assert "SINGLE_FRAME" in outcome.quality["one frame"]["flags"]


def test_frames_are_taken_by_their_times(outcome: Outcome) -> None:
    times = {name: outcome.arrays(name)["timestamps_ms"].tolist() for name in ("fast", "variable", "late")}
    # 48 frames at 120 Hz: the nearest to every 66.7 ms, of which the last is the clip's own last.
    assert times["fast"] == [0, 66, 133, 200, 266, 333, 391]
    assert times["variable"] == [0, 66, 300, 333, 400, 700, 740, 1500, 1533]
    assert times["late"] == [60_000 + 66 * i for i in range(6)]


def test_what_of_a_broken_clip_can_be_decoded_is_kept_and_told(outcome: Outcome) -> None:
    for name in ("cut", "cut, index first", "noise in the middle_mp4", "noise in the middle_mkv"):
        quality = outcome.quality[name]
        assert {"CORRUPT_FRAMES", "DECODER_WARNINGS"} <= set(quality["flags"]), name
        assert 4 <= quality["num_frames"] < outcome.quality["moov first"]["num_frames"], name
        assert quality["ended_early"], name


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("two, one larger", 0, 270),
        ("two, one larger, right", 200, 470),
        ("two of a size", 0, 270),
        ("two of a size, swapped", 240, 510),
    ],
)
def test_of_two_people_the_more_prominent_one_is_followed_in_every_frame(
    outcome: Outcome, name: str, first: int, last: int
) -> None:
    xy_TNC, mask_TN = outcome.points(name)
    x_px = xy_TNC[..., 0] * outcome.quality[name]["width_px"]
    assert mask_TN[:, 67:].all()
    # An elbow at the edge may be guessed beyond it; hands and face are of one person.
    for group in (slice(25, 46), slice(46, 67), slice(67, 78)):
        shown_px = x_px[:, group][mask_TN[:, group]]
        assert ((shown_px > first - 10) & (shown_px < last + 10)).all()


def test_a_hand_alone_is_found(outcome: Outcome) -> None:
    _, mask_TN = outcome.points("hands only")
    assert mask_TN[:, 46:67].all()
    assert not mask_TN[:, 67:].any()
