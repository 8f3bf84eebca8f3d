"""Which shards a worker takes from its command line."""

import argparse

import pytest

from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.open import open_store
from services.base.worker.work import add_work_flags, asked_shards

ORDER = RunSpec("r", "grid", "0" * 64, (PinnedStage("decode"),), "in", "out", 8, 8, "0" * 64, {})


def asked(tmp_path, *words):
    parser = argparse.ArgumentParser()
    add_work_flags(parser)
    flags = parser.parse_args(["--state-root", str(tmp_path), "--run", "r", *words])
    return list(asked_shards(flags, ORDER, open_store(str(tmp_path)), lambda: False))


@pytest.mark.parametrize(
    ("words", "shards"),
    [
        (["--shards", "0,4-7"], [0, 4, 5, 6, 7]),
        (["--shards", "0-7", "--index", "1", "--num-indexes", "3"], [1, 4, 7]),
        (["--shards", "6,2", "--index", "1", "--num-indexes", "4"], [2]),
        (["--shards", "6,2", "--index", "3", "--num-indexes", "4"], []),
        (["--shards", "@long.txt", "--index", "1", "--num-indexes", "2"], [3, 7]),
    ],
)
def test_an_index_takes_its_part_of_the_list(tmp_path, words, shards):
    open_store(str(tmp_path)).put(paths.list_file("r", "long.txt"), b"1,3,5,7\n")
    assert asked(tmp_path, *words, "--attempt", "2") == [(shard, 2) for shard in shards]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--shards", "8"], "NO_SUCH_SHARD"),
        (["--shards", "x"], "NO_SUCH_SHARD"),
        (["--shards", "0-7", "--index", "2", "--num-indexes", "2"], "BAD_FLAGS"),
        (["--shards", "@none.txt"], "NO_SUCH_LIST"),
    ],
)
def test_what_is_no_list_of_shards_is_refused(tmp_path, words, reason):
    with pytest.raises(BadConfig) as raised:
        asked(tmp_path, *words)
    assert raised.value.reason == reason
