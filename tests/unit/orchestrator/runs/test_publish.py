"""From the last commit to the published output: what is read of the store, what is refused, and what is made again."""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.execution.local_run import RunLoop
from orchestrator.pipelines.base import Made, Summaries
from orchestrator.pipelines.grid.pipeline import PIPELINE
from orchestrator.runs.commits.commits import Commits
from orchestrator.runs.options import RunOptions
from orchestrator.runs.publish import QUALITY_FILE, QUARANTINE_FILE, check_edits_kept, notes_of, publish_whole
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.manifest import ClipRow, encode_clips
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit
from services.base.store.local.folder import LocalFolder
from services.base.store.open import open_store

NUM_SHARDS = 5
PLAIN = dataclasses.replace(
    PIPELINE,
    summary_files=lambda made: {"meta.json": [str(len(made.done)).encode(), f" {len(list(made.quality))}".encode()]},
)


class Counted(LocalFolder):
    """A folder that counts what is read of it: reads by the last segment of the name, and listings."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads: Counter[str] = Counter()
        self.num_listings = 0

    def read(self, name, offset_bytes=0, num_bytes=None):
        self.reads[name.rpartition("/")[2]] += 1
        return super().read(name, offset_bytes, num_bytes)

    def list(self, prefix="", *, directories=False):
        self.num_listings += 1
        return super().list(prefix, directories=directories)


def made(shard: int) -> bytes:
    return f"records of shard {shard}".encode()


class Whole:
    """A run of which every shard is committed, and nothing is published; shard 1 has set a clip aside."""

    def __init__(self, root: Path, splits: tuple[str, ...] = ("train",) * NUM_SHARDS, *, same: bool = False) -> None:
        self.outputs = open_store(str(root))
        self.state = Counted(root / paths.STATE_DIR)
        rows = [ClipRow(f"k{i}", f"k{i}", "s", f"k{i}.mpg", split, i, 0, i, 1, "v") for i, split in enumerate(splits)]
        clips = encode_clips(rows, NUM_SHARDS)
        self.spec = RunSpec(
            *("r", "grid", "d" * 64, (PinnedStage("decode"),), "/in", str(root), NUM_SHARDS, len(rows)),
            hashlib.sha256(clips).hexdigest(),
            {},
        )
        self.state.put(paths.clips_file("r"), clips)
        self.state.put(paths.run_file("r"), self.spec.to_json())
        for shard in range(NUM_SHARDS):
            self.commit(shard, content="same" if same else f"content {shard}")
        line = b'{"key": "k1x", "detail": "here", "reason": "TORN"}\n'
        self.state.put(paths.quarantine_file("r", 1, NUM_SHARDS), line)

    def commit(self, shard: int, content: str) -> None:
        name, data = f"train-{shard}.tfrecord", made(shard)
        self.outputs.put(paths.staged("r", name), data)
        facts = {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data), "num_records": 1}
        inputs = {f"k{shard}": hashlib.sha256(content.encode()).hexdigest()}
        done = ShardCommit(shard, self.spec.digest, {name: facts}, inputs, {"train": 1}, {"wall": 1.0})
        self.state.put(paths.quality_file("r", shard, NUM_SHARDS), f'{{"key": "k{shard}"}}\n'.encode())
        self.state.put(paths.done_file("r", shard, NUM_SHARDS), done.to_json())

    def publish(self) -> bool | None:
        """As a process of its own does."""
        return publish_whole(PLAIN, Commits(self.spec, self.state), self.outputs)

    def published(self) -> dict[str, bytes]:
        names = [entry.name for entry in self.outputs.list() if not entry.name.startswith(paths.STATE_DIR)]
        return {name: self.outputs.read(name) for name in names}


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return Whole(tmp_path)


EXPECTED = {f"train-{shard}.tfrecord": made(shard) for shard in range(NUM_SHARDS)} | {
    QUALITY_FILE: b"".join(b'{"key":"k%d"}\n' % shard for shard in range(NUM_SHARDS)),
    QUARANTINE_FILE: b'{"key":"k1x","reason":"TORN"}\n',
    "meta.json": b"5 5",
}


def test_publishing_reads_every_file_of_a_shard_once(whole: Whole) -> None:
    assert whole.publish() is True
    assert whole.published() == EXPECTED
    reads = whole.state.reads
    assert (reads[paths.DONE], reads["quality.jsonl"]) == (NUM_SHARDS, NUM_SHARDS)
    assert reads[paths.QUARANTINE] == 1, "of the one shard that has set a clip aside"
    assert whole.state.num_listings == 1


def test_a_run_here_reads_every_commit_once_from_its_start_to_its_summary(whole: Whole) -> None:
    summary = RunLoop(PLAIN, whole.spec, whole.state, whole.outputs, RunOptions(quiet=True)).run()
    assert (summary.finished, len(summary.done), whole.published()) == (True, NUM_SHARDS, EXPECTED)
    assert whole.state.reads[paths.DONE] == NUM_SHARDS
    again = RunLoop(PLAIN, whole.spec, whole.state, whole.outputs, RunOptions(quiet=True)).run()
    assert again.nothing_to_do and len(again.done) == NUM_SHARDS
    assert whole.state.reads[paths.DONE] == 2 * NUM_SHARDS


def test_what_is_published_is_left_and_what_is_lost_of_it_is_made_again(whole: Whole) -> None:
    assert whole.publish() is True
    assert whole.publish() is None
    whole.outputs.delete("meta.json")
    assert whole.publish() is True, "a summary needs no shard"
    assert whole.published() == EXPECTED
    whole.outputs.delete("train-3.tfrecord")
    assert whole.publish() is False
    assert whole.state.stat(paths.done_file("r", 3, NUM_SHARDS)) is None, "its commit is forgotten"
    assert whole.state.stat(paths.finished_file("r")) is None
    assert whole.publish() is False, "until it has been made again"
    whole.commit(3, "content 3")
    assert whole.publish() is True
    assert whole.published() == EXPECTED


def test_a_file_of_another_size_is_lost(whole: Whole) -> None:
    whole.outputs.put(paths.staged("r", "train-2.tfrecord"), b"torn")
    assert whole.publish() is False
    assert whole.state.stat(paths.done_file("r", 2, NUM_SHARDS)) is None


def test_one_content_in_two_splits_is_refused_before_anything_is_published(tmp_path: Path) -> None:
    leaking = Whole(tmp_path, ("train", "train", "test", "train", "train"), same=True)
    with pytest.raises(BadConfig, match="two splits"):
        leaking.publish()
    assert leaking.published() == {}


def test_a_commit_that_was_written_anew_is_read_anew(whole: Whole) -> None:
    commits = Commits(whole.spec, whole.state)
    before = commits.read(commits.look().done)
    assert commits.read(commits.look().done) == before
    assert whole.state.reads[paths.DONE] == NUM_SHARDS
    whole.commit(4, "other content")
    whole.state.delete(paths.done_file("r", 0, NUM_SHARDS))
    after = commits.read(commits.look().done)
    assert [done.shard for done in after] == [1, 2, 3, 4]
    assert after[:3] == before[1:4] and after[3].inputs != before[4].inputs
    assert whole.state.reads[paths.DONE] == NUM_SHARDS + 1


class Labelled(Whole):
    """The same, where the pipeline writes a table that its user edits."""

    pipeline = dataclasses.replace(
        PLAIN,
        summary_files=lambda made: {"labels.csv": [b"a,1\nb", b",2\n"], "meta.json": [b"%d" % len(made.done)]},
        tables=lambda _spec: frozenset({"labels.csv"}),
        lost=lambda _specs, name, before, after: f"{len(before)} of {len(after)} bytes of {name}",
    )

    def publish(self) -> bool | None:
        return publish_whole(self.pipeline, Commits(self.spec, self.state), self.outputs)


EDITED = b"a,12,mine\nb,2,\n"


def test_an_edited_table_of_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    run = Labelled(tmp_path)
    assert run.publish() is True
    run.outputs.put("labels.csv", EDITED)
    assert run.publish() is None
    summary = RunLoop(run.pipeline, run.spec, run.state, run.outputs, RunOptions(quiet=True)).run()
    assert summary.nothing_to_do and "labels.csv was changed since and is left as it is" in summary.why
    assert run.outputs.read("labels.csv") == EDITED


@pytest.mark.parametrize("lost", ["meta.json", "train-3.tfrecord"])
def test_a_finished_run_is_not_published_again_over_an_edited_table(tmp_path: Path, lost: str) -> None:
    run = Labelled(tmp_path)
    run.publish()
    run.outputs.put("labels.csv", EDITED)
    run.outputs.delete(lost)
    with pytest.raises(BadConfig, match=r"TABLE_EDITED: labels\.csv"):
        run.publish()
    assert run.outputs.read("labels.csv") == EDITED
    assert run.state.stat(paths.done_file("r", 3, NUM_SHARDS)) and run.state.stat(paths.finished_file("r"))
    run.outputs.delete("labels.csv")
    assert run.publish() is (lost == "meta.json"), "moved away, it is written anew"


def test_a_table_that_was_edited_while_a_run_went_on_is_not_lost(tmp_path: Path) -> None:
    run = Labelled(tmp_path)
    run.outputs.put("labels.csv", EDITED)
    with pytest.raises(BadConfig, match=r"TABLE_EDITED.*would lose 15 of 8 bytes of labels\.csv"):
        run.publish()
    assert run.published() == {"labels.csv": EDITED}
    run.outputs.put("labels.csv", b"b,2\n")
    assert run.publish() is True, "what is there is in the new one too"


def test_a_table_that_is_gone_is_written_anew(tmp_path: Path) -> None:
    run = Labelled(tmp_path)
    run.publish()
    run.outputs.delete("labels.csv")
    assert run.publish() is True
    assert run.outputs.read("labels.csv") == b"a,1\nb,2\n"


class Listed(Whole):
    """The same, where every line of the table counts, as the pipeline says nothing of what may go."""

    pipeline = dataclasses.replace(Labelled.pipeline, lost=None)

    def publish(self) -> bool | None:
        return publish_whole(self.pipeline, Commits(self.spec, self.state), self.outputs)


def test_every_line_of_a_table_counts_where_the_pipeline_says_nothing_of_it(tmp_path: Path) -> None:
    run = Listed(tmp_path)
    run.outputs.put("labels.csv", b"a,1\r\nmine\nb,2")
    with pytest.raises(BadConfig, match=r"TABLE_EDITED.*would lose 1 line:"):
        run.publish()
    run.outputs.put("labels.csv", b"b,2\r\n")
    assert run.publish() is True


def test_what_a_user_wrote_into_a_table_is_told_before_anything_is_made_again(tmp_path: Path) -> None:
    run = Listed(tmp_path)

    def check() -> None:
        check_edits_kept(run.pipeline, Commits(run.spec, run.state), run.outputs)

    run.outputs.put("labels.csv", b"mine\n")
    check()
    run.outputs.delete("labels.csv")
    run.publish()
    check()
    run.outputs.put("labels.csv", b"b,2\n")
    check()
    run.outputs.put("labels.csv", b"a,1\nmine\n")
    with pytest.raises(BadConfig, match=r"TABLE_EDITED: labels\.csv .*would lose 1 line: .* give this command again"):
        check()
    assert run.outputs.read("labels.csv") == b"a,1\nmine\n"


def test_a_leak_that_is_only_reported_is_published_and_told(tmp_path: Path) -> None:
    leaking = Whole(tmp_path, ("train", "train", "test", "train", "train"), same=True)
    told: list[str] = []

    def summary_files(made: Made) -> Summaries:
        told.extend(made.leaks)
        return {"meta.json": [b"made"]}

    pipeline = dataclasses.replace(PLAIN, summary_files=summary_files, at_leak=lambda _spec: "report")
    assert publish_whole(pipeline, Commits(leaking.spec, leaking.state), leaking.outputs) is True
    assert told == ["k2 (test) = k0 (train) = k1 (train) = k3 (train) = k4 (train)"]
    (note,) = notes_of(leaking.spec, leaking.state)
    assert "two splits, 1 times: k2 (test)" in note


def test_a_summary_is_written_in_pieces_and_what_it_is_read_from_is_closed(tmp_path: Path) -> None:
    run = Whole(tmp_path)
    events: list[str] = []

    def pieces() -> Iterator[bytes]:
        for i in range(3):
            events.append(f"piece {i}")
            yield b"%d" % i

    def summary_files(made: Made) -> Summaries:
        made.until_written.callback(events.append, "closed")
        return {"first.bin": pieces(), "meta.json": [b"made"]}

    pipeline = dataclasses.replace(PLAIN, summary_files=summary_files)
    assert publish_whole(pipeline, Commits(run.spec, run.state), run.outputs) is True
    assert events == ["piece 0", "piece 1", "piece 2", "closed"]
    assert run.outputs.read("first.bin") == b"012"


def test_what_summaries_are_read_from_is_closed_when_publishing_fails(tmp_path: Path) -> None:
    run, closed = Whole(tmp_path), list[bool]()

    def summary_files(made: Made) -> Summaries:
        made.until_written.callback(closed.append, True)
        raise BadConfig("ODD", "in between")

    with pytest.raises(BadConfig, match="in between"):
        publish_whole(
            dataclasses.replace(PLAIN, summary_files=summary_files), Commits(run.spec, run.state), run.outputs
        )
    assert closed == [True]
