"""What several runs have made in one output, seen as one, and which run may add to it."""

import dataclasses

import pytest

from orchestrator.runs.commits.packed import PackedLines
from orchestrator.runs.lineage import Part, check_addable, files_of, quality_of, quarantine_of
from services.base.errors import BadConfig
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit


def spec(run, root="/in", preview=True, **config):
    decode = PinnedStage("decode", {"target_fps": 15.0} | config, {"net": "aa"})
    stages = (decode, PinnedStage("signfiles", {"preview": preview}))
    return RunSpec(run, "sign", "d" * 64, stages, root, "/out", 1, 1, "c" * 64, {})


def part(run, made=(), left_out=(), root="/in"):
    outputs = {f"{name}.npz": {"sha256": run, "size_bytes": 1} for name in made}
    done = ShardCommit(0, "d", outputs, {}, {}, {})
    quality = [{"key": f"{name}.mp4", "file": f"{name}.npz", "run": run} for name in made]
    quarantine = [{"key": f"{name}.mp4", "run": run} for name in left_out]
    return Part(spec(run, root), [done], quality, quarantine)


def test_one_run_is_told_as_it_is():
    only = part("r1", ["b", "a"], ["d", "c"])
    assert quality_of([only]) == only.quality
    assert quarantine_of([only]) == only.quarantine


def test_the_last_run_that_made_a_file_counts_and_the_order_of_runs_does_not():
    first, second = part("r1", ["b", "a"]), part("r2", ["c", "a"])
    files = files_of(None, [first, second])
    assert {file.name: (file.source, file.facts["sha256"]) for file in files} == {
        "a.npz": (1, "r2"),
        "b.npz": (0, "r1"),
        "c.npz": (1, "r2"),
    }
    assert [files.source_of(name) for name in ("a.npz", "b.npz", "d.npz")] == [1, 0, None]
    assert [line["run"] for line in quality_of([first, second])] == ["r2", "r1", "r2"]
    assert isinstance(quality_of([first, second]), PackedLines), "of many clips too"
    names = [[line["file"] for line in quality_of(parts)] for parts in ([first, second], [second, first])]
    assert names == [["a.npz", "b.npz", "c.npz"]] * 2


def test_a_clip_is_in_quarantine_until_a_later_run_of_the_same_folder_tells_otherwise():
    first, fixed = part("r1", ["a"], ["b", "c"]), part("r2", ["b"])
    assert [line["key"] for line in quarantine_of([first, fixed])] == ["c.mp4"]
    assert [line["key"] for line in quarantine_of([first, part("r2", ["b"], root="/elsewhere")])] == ["b.mp4", "c.mp4"]


def test_clips_may_be_added_and_made_again():
    check_addable([(spec("r1"), {"a": "a.mp4"})], spec("r2"), {"a": "a.mp4", "b": "b.mp4"})
    check_addable([(spec("r1"), {"a": "a.mp4"})], spec("r2", "/elsewhere", preview=False), {"b": "a.mp4"})
    check_addable([(spec("r1"), {"a": "a.mp4"})], spec("r2", max_decoded_frames=9), {"a": "a.mp4"})


def test_a_clip_that_is_given_alone_and_then_with_its_folder_is_the_same_clip():
    check_addable([(spec("r1", "/in/x"), {"a": "a.mp4"})], spec("r2", "/in"), {"a": "x/a.mp4"})
    alone, folder = part("r1", (), ["a"], root="/in/x"), part("r2", ["x/a"], root="/in")
    assert quarantine_of([alone, folder]) == []


@pytest.mark.parametrize(
    ("added", "clips", "reason"),
    [
        (spec("r2", target_fps=30.0), {"b": "b.mp4"}, "OTHER_SETTINGS"),
        (spec("r2", out_size=0), {"b": "b.mp4"}, "OTHER_SETTINGS"),
        (dataclasses.replace(spec("r2"), stages=(PinnedStage("decode"),)), {"b": "b.mp4"}, "OTHER_SETTINGS"),
        (spec("r2", "/elsewhere"), {"a": "a.mp4"}, "NAME_TAKEN"),
        (spec("r2"), {"a": "x/a.mp4"}, "NAME_TAKEN"),
    ],
)
def test_what_may_not_be_added(added, clips, reason):
    with pytest.raises(BadConfig) as refused:
        check_addable([(spec("r1"), {"a": "a.mp4"})], added, clips)
    assert refused.value.reason == reason
