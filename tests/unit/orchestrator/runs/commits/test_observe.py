"""What the store says of a run: a file that is not what was written there is named, with what to do."""

from dataclasses import replace

import pytest

from orchestrator.runs.commits.observe import read_done, read_quality, read_quarantine
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.open import open_store

ORDER = RunSpec(
    run="r",
    digest="0" * 64,
    pipeline="grid",
    stages=(PinnedStage("decode", {}, {}),),
    num_shards=2,
    num_clips=2,
    clips_sha256="0" * 64,
    input_root="in",
    output_root="out",
    libraries={},
)
DONE, QUARANTINE, QUALITY = (of("r", 1, 2) for of in (paths.done_file, paths.quarantine_file, paths.quality_file))


@pytest.mark.parametrize(("name", "read"), [(DONE, read_done), (QUARANTINE, read_quarantine), (QUALITY, read_quality)])
def test_a_file_of_a_shard_that_is_not_what_was_written_there_is_named(tmp_path, name, read):
    state = open_store(str(tmp_path))
    state.put(name, b"{garbage")
    with pytest.raises(BadConfig, match=name):
        list(read(state, ORDER, [1]))


def test_a_shard_that_wrote_neither_quarantine_nor_quality_has_none(tmp_path):
    state = open_store(str(tmp_path))
    assert read_quarantine(state, ORDER, [1]) == []
    assert list(read_quality(state, ORDER, [1])) == []


def test_of_many_shards_few_files_are_read_before_they_are_wanted(tmp_path):
    """Facts of 30 minutes of short clips are some hundred lines a shard."""
    state, reads = open_store(str(tmp_path)), []
    for shard in range(200):
        state.put(paths.quality_file("r", shard, 200), b'{"key": "k%d"}\n' % shard)
    read = state.read
    state.read = lambda name, *more: reads.append(name) or read(name, *more)
    lines = read_quality(state, replace(ORDER, num_shards=200), range(200))
    assert next(lines) == {"key": "k0"}
    assert len(reads) <= 40
    assert [line["key"] for line in lines] == [f"k{shard}" for shard in range(1, 200)]
