"""Clips of a run in the order of its manifest: joined by shard, sorted by place, with few held."""

import tracemalloc
import weakref

import pytest

from orchestrator.pipelines.tts.manifests.input_order import Line, LinesInOrder, Pieces, joined
from services.base.errors import BadConfig
from services.base.process.external_sort import ExternalSort
from services.base.run.manifest import ClipRow


def row(key: str, shard: int = 0) -> ClipRow:
    return ClipRow(key, key, "s", f"{key}.wav", "train", shard, 0, 0, 1, "")


class Facts(dict):
    """One object is one line of quality."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


def test_facts_meet_their_clips_whatever_their_order_within_a_shard() -> None:
    rows = [row("a"), row("b"), row("c"), row("d", 1), row("e", 2)]
    quality = [{"key": "c"}, {"key": "a"}, {"key": "e"}]
    found = [(one.key, facts) for one, facts in joined(rows, quality, {"b", "d"})]
    assert found == [("c", quality[0]), ("a", quality[1]), ("b", None), ("d", None), ("e", quality[2])]


@pytest.mark.parametrize(
    ("quality", "left_out", "key"),
    [(["a"], set(), "b"), (["a", "b", "x"], set(), "x"), (["b"], {"b"}, "a"), ([], {"a"}, "b")],
)
def test_a_list_and_facts_that_do_not_belong_together_are_refused(quality, left_out, key) -> None:
    with pytest.raises(BadConfig, match=f"BAD_STATE_FILE.*'{key}'"):
        list(joined([row("a"), row("b")], [{"key": one} for one in quality], left_out))


def test_facts_of_all_clips_are_never_held_together() -> None:
    num_clips, most = 5000, 0
    alive: weakref.WeakSet[Facts] = weakref.WeakSet()

    def quality():
        nonlocal most
        for i in range(num_clips):
            line = Facts(key=f"k{i}")
            alive.add(line)
            most = max(most, len(alive))
            yield line

    rows = (row(f"k{i}", i // 50) for i in range(num_clips))
    assert sum(1 for _ in joined(rows, quality(), ())) == num_clips
    assert most < 5


def test_lines_come_by_place_of_each_split_alone_and_ids_of_both() -> None:
    with ExternalSort("lines", run_bytes=200) as items:
        lines = LinesInOrder(items, ("train", "val"))
        for place in (3, 0, 2, 1):
            split = "val" if place == 2 else "train"
            lines.add(Line(place, split, f"ሰ{place}", f'{{"id": {place}}}\n'.encode()))
        train = lines.manifest("train")
        for _ in range(2):
            assert b"".join(train) == b'{"id": 0}\n{"id": 1}\n{"id": 3}\n'
        assert b"".join(lines.manifest("val")) == b'{"id": 2}\n'
        assert b"".join(lines.ids()).decode().split() == ["ሰ0", "ሰ1", "ሰ2", "ሰ3"]


def test_of_many_lines_few_are_held() -> None:
    num_lines = 30_000
    tracemalloc.start()
    try:
        with ExternalSort("lines", run_bytes=1 << 18, block_bytes=1 << 12) as items:
            lines = LinesInOrder(items, ("train", "val"))
            for i in range(num_lines):
                place = i * 7919 % num_lines
                lines.add(Line(place, "train", f"id{place}", b"%0500d\n" % place))
            written = sum(len(piece) for piece in lines.manifest("train"))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert written == 501 * num_lines
    assert peak_bytes < written * 0.6


def test_pieces_are_about_a_megabyte() -> None:
    sizes = [len(piece) for piece in Pieces(lambda: (b"x" * 1000 for _ in range(2500)))]
    assert sum(sizes) == 2_500_000 and len(sizes) == 3
    assert list(Pieces(list)) == []
