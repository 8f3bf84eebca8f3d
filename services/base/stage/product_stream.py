"""The parts of a pass over one clip as a shard's writer takes its product: files in turn, pieces as they are read.

Pure: iterators only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from services.base.stage.clip_pass import Part
from services.base.stage.product import FilePart, PiecePart, ProductFile, ProductPart


class ProductRestarted(Exception):
    """The product begins anew: what came of it is to be dropped, and its files are to be asked for again."""


class ProductStream:
    """The product among the parts of a pass over one clip, read no further than its taker has asked for.

        while stream.begins():
            try:
                take(stream.name, stream.files())
            except ProductRestarted:
                continue

    `files` ends when the whole pass has, so that what is taken by then is never taken back.
    """

    def __init__(self, parts: Iterator[Part], note: Callable[[Part], None]) -> None:
        """note: told of every part that is none of the product's files."""
        self._parts = parts
        self._note = note
        self._next: ProductPart | FilePart | PiecePart | None = None
        self.name = ""
        """Of the product that has begun."""
        self.error: BaseException | None = None
        """What the pass or the note has raised, as against what the product's taker has."""
        self.has_ended = False

    def begins(self) -> bool:
        """Reads on to where a product begins; False: the pass has ended without one, or with one that was taken."""
        while (part := self._peek()) is not None:
            if isinstance(part, ProductPart):
                self.name = part.name
                return True
            self._next = None
        return False

    def files(self) -> Iterator[ProductFile]:
        """The files of the product that begins here. Raises ProductRestarted, and what the pass raises.

        A file that its taker has not read to its end is read over.
        """
        self._next = None
        while (part := self._peek()) is not None:
            if isinstance(part, ProductPart):
                raise ProductRestarted
            self._next = None
            if isinstance(part, FilePart):
                yield ProductFile(part.name, self._pieces(), part.media_type)

    def _pieces(self) -> Iterator[bytes | memoryview]:
        while (part := self._peek()) is not None and not isinstance(part, FilePart):
            if isinstance(part, ProductPart):
                raise ProductRestarted
            self._next = None
            yield part.data

    def _peek(self) -> ProductPart | FilePart | PiecePart | None:
        """The next part of the product, None at the end of the pass; what lies before it is noted."""
        while self._next is None and not self.has_ended:
            try:
                self._take(next(self._parts, None))
            except BaseException as error:
                self.error = error
                raise
        return self._next

    def _take(self, part: Part | None) -> None:
        if part is None:
            self.has_ended = True
        elif isinstance(part, ProductPart | FilePart | PiecePart):
            self._next = part
        else:
            self._note(part)
