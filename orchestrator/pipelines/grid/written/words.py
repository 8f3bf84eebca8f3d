"""words.parquet of a finished run: when each word is said, from what its stage told of the clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from orchestrator.pipelines.base import Made
from services.base.run.clips_with_facts import clips_with_facts
from services.formats.words import WordRow, encode_words


class WordsFile:
    """The pieces of the file; made anew whenever they are gone through."""

    def __init__(self, run: Made) -> None:
        self._run = run

    def __iter__(self) -> Iterator[bytes]:
        return encode_words(rows_of(self._run))


def rows_of(run: Made) -> Iterator[WordRow]:
    """A row a word. The rows of one shard are held at a time."""
    held: list[WordRow] = []
    places: Counter[str] = Counter()
    shard = 0
    # Clips without a line are in no record.
    for clip, line in clips_with_facts(run.clips, run.quality):
        if clip.shard != shard:
            yield from _in_order(held)
            shard = clip.shard
            held.clear()
            places.clear()
        position = places[clip.split]
        places[clip.split] += 1
        held += (
            WordRow(clip.key, clip.split, clip.shard, position, i, word, start, end)
            # Facts that an older version wrote have no words.
            for i, (word, start, end) in enumerate(line.get("words", ()))
        )
    yield from _in_order(held)


def _in_order(rows: list[WordRow]) -> list[WordRow]:
    return sorted(rows, key=lambda row: (row.split, row.position, row.number))
