"""When the words of each clip are said, as words.parquet tells it; held in arrays."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from services.base.errors import BadInput
from services.formats.words import WordRow
from services.training.lipreading.windows import Word


class WordTimes:
    """Of the clips of a data set, by (split, shard, position in its file).

    Raises BadInput BAD_WORDS for rows in another order.
    """

    def __init__(self, rows: Iterable[WordRow]) -> None:
        self._vocabulary: dict[str, int] = {}
        self._word, self._start, self._end = array("i"), array("i"), array("i")
        self._ranges: dict[tuple[str, int, int], tuple[int, int]] = {}
        for row in rows:
            place = (row.split, row.shard, row.position)
            here = len(self._word)
            first, end = self._ranges.get(place, (here, here))
            if end != here:
                raise BadInput("BAD_WORDS", f"the words of {row.key} do not stand together: make the table again")
            self._word.append(self._vocabulary.setdefault(row.word, len(self._vocabulary)))
            self._start.append(row.start_frame)
            self._end.append(row.end_frame)
            self._ranges[place] = first, len(self._word)
        self._texts = list(self._vocabulary)

    def of(self, split: str, shard: int, position: int, num_frames: int) -> tuple[Word, ...]:
        """In order; several in one where one time is known of them together. None where a word lies outside of the
        clip's frames, or begins over a frame before the end of the one that it follows: then no times are known.
        """
        first, end = self._ranges.get((split, shard, position), (0, 0))
        words: list[Word] = []
        for i in range(first, end):
            start, end_frame = self._start[i], min(self._end[i], num_frames)
            if not 0 <= start < end_frame or self._end[i] > num_frames + 1:
                return ()
            word = Word(self._texts[self._word[i]], start, end_frame)
            if words and (words[-1].start, words[-1].end) == (start, end_frame):
                words[-1] = Word(f"{words[-1].text} {word.text}", start, end_frame)
            elif words and word.start < words[-1].end - 1:
                return ()
            else:
                words.append(word)
        return tuple(words)
