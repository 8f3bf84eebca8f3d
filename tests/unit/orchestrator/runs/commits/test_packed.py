"""Many lines in little memory: sorted without being held as objects."""

import weakref

from orchestrator.runs.commits.packed import PackedLines, in_order


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
