"""Many lines and commits in little memory: sequences that hold no objects, and are sorted without."""

import hashlib
import weakref

import pytest

from orchestrator.runs.commits.packed import PackedCommits, PackedLines, in_order, pack
from services.base.run.spec import ShardCommit


class Line(dict):
    """A line that can be watched: one object is one line."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


def test_lines_are_sorted_a_few_thousand_at_a_time():
    num_lines, most = 10_000, 0
    alive: weakref.WeakSet[Line] = weakref.WeakSet()

    def lines():
        nonlocal most
        for i in range(num_lines):
            line = Line(file=f"{i * 7919 % num_lines:05d}", place=i)
            alive.add(line)
            most = max(most, len(alive))
            yield line

    ordered = list(PackedLines(in_order(lines(), key=lambda line: line["file"])))
    assert [line["file"] for line in ordered] == [f"{i:05d}" for i in range(num_lines)]
    assert most < num_lines / 2


def test_lines_of_one_key_stay_as_they_came():
    lines = [{"file": "b" if i % 3 else "a", "place": i} for i in range(5000)]
    assert list(in_order(lines, key=lambda line: line["file"])) == sorted(lines, key=lambda line: line["file"])


def commit(shard: int) -> ShardCommit:
    sha256 = hashlib.sha256(bytes([shard])).hexdigest()
    return ShardCommit(shard, "d", {"f": {"sha256": sha256, "size_bytes": 1, "num_records": 1}}, {"k": sha256}, {}, {})


def test_packed_commits_are_a_sequence_of_what_was_packed():
    commits = [commit(shard) for shard in range(4)]
    held = PackedCommits([pack(one) for one in commits])
    assert list(held) == commits and held[2] == commits[2] and held[-1] == commits[3]
    assert held[1:3] == PackedCommits([pack(one) for one in commits[1:3]])
    assert held != PackedCommits([pack(one) for one in commits[1:]])


@pytest.mark.parametrize("count", [0, 1, 511, 512, 513, 1500])
def test_packed_lines_are_a_sequence_of_what_was_packed(count):
    lines = [{"key": f"k{i}", "n": i, "umlaut": "ü\u2028"} for i in range(count)]
    held = PackedLines(iter(lines))
    assert list(held) == lines and len(held) == count
    assert b"".join(held.encoded()).count(b"\n") == count
    if count:
        assert (held[0], held[count - 1], held[-1]) == (lines[0], lines[-1], lines[-1])
        assert held[count - 1 :] == lines[-1:]
    with pytest.raises(IndexError):
        held[count]
