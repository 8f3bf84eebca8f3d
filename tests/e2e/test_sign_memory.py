"""Memory does not grow with the length of a video, nor with the number of clips that a worker has carried."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

pytestmark = pytest.mark.slow

FLAGS = ("--write-keypoints", "--workers", 1, "--num-shards", 1, "--quiet", "--no-artifact-cache")
MIB = 1 << 20


def looped(source: Path, target: Path, duration_s: float) -> None:
    """A clip's packets over and over, as long as asked for, or its beginning."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        video = read.streams.video[0]
        packets = [packet for packet in read.demux(video) if packet.size]
        period = max(packet.pts + packet.duration for packet in packets)
        stream = written.add_stream_from_template(video)
        for i in range(10_000):
            for packet in packets:
                if float((packet.pts + i * period) * video.time_base) >= duration_s:
                    return
                copied = av.Packet(bytes(packet))
                copied.pts, copied.dts = packet.pts + i * period, packet.dts + i * period
                copied.duration, copied.time_base, copied.stream = packet.duration, video.time_base, stream
                copied.is_keyframe = packet.is_keyframe
                written.mux(copied)


def children(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == parent:
            yield int(stat.parent.name)


def resident_mib(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / MIB
    except (OSError, IndexError):
        return 0.0


def watched(visemill: Any, *words: object) -> dict[str, list[float]]:
    """Resident MiB of the worker and of its child, from when each was there until the run's end."""
    seen: dict[str, list[float]] = {"worker": [], "child": []}
    with visemill.start(*words, "-o", "json") as process:
        deadline_s = time.monotonic() + 600
        while process.poll() is None and time.monotonic() < deadline_s:
            workers = list(children(process.pid))
            for name, pids in (("worker", workers), ("child", [c for w in workers for c in children(w)])):
                seen[name] += [size for pid in pids if (size := resident_mib(pid)) > 1]
            time.sleep(0.2)
        process.kill()
        _, stderr = process.communicate()
    assert process.returncode == 0, stderr[-2000:]
    return seen


def assert_flat(sizes_mib: list[float], growth_mib: float) -> None:
    """The last third holds no more than the middle one, but for a little.

    Medians: how high a peak is depends on which threads happen to run at once.
    """
    third = len(sizes_mib) // 3
    assert third >= 5, "too few looks"
    middle, last = statistics.median(sizes_mib[third : 2 * third]), statistics.median(sizes_mib[2 * third :])
    assert last - middle < growth_mib, (middle, last)


def test_a_long_video_takes_no_more_memory_than_a_part_of_it(testdata: Path, visemill: Any, tmp_path: Path) -> None:
    """Takes over twenty seconds: a minute of video, of which a third is looked at after memory has settled."""
    (tmp_path / "in").mkdir()
    looped(testdata / "data/sign/pose_test_video.mp4", tmp_path / "in" / "long.mp4", 60)
    seen = watched(visemill, "run", "sign", tmp_path / "in", tmp_path / "out", *FLAGS, "--target-fps", 5)
    # All its 1800 frames would be 2 GB, and those of a third of what is kept of them 110 MiB.
    assert max(seen["child"]) < 1024 and max(seen["worker"]) < 256
    assert_flat(seen["child"], 48)
    assert_flat(seen["worker"], 8)


def test_many_clips_take_no_more_memory_than_some(testdata: Path, visemill: Any, tmp_path: Path) -> None:
    """Takes over twenty seconds: eighty clips, of which a third come after memory has settled."""
    (tmp_path / "in").mkdir()
    for name in ("pose_test_video", "autsl_signer0_sample1000"):
        looped(testdata / "data/sign" / f"{name}.mp4", tmp_path / "in" / f"{name}.mp4", 0.3)
        data = (tmp_path / "in" / f"{name}.mp4").read_bytes()
        for i in range(40):
            (tmp_path / "in" / f"{name}{i}.mp4").write_bytes(data)
    seen = watched(visemill, "run", "sign", tmp_path / "in", tmp_path / "out", *FLAGS, "--target-fps", 5)
    assert len(list((tmp_path / "out").glob("*.npz"))) == 82
    assert_flat(seen["child"], 24)
    assert_flat(seen["worker"], 8)
