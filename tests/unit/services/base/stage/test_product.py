"""A product is named files in pieces, none of which is larger than a message may be."""

import numpy as np
import pytest

from services.base.stage.product import BYTES, PIECE_BYTES, FilePart, PiecePart, Product, ProductFile, file_parts


def test_files_are_cut_to_pieces_that_travel_and_nothing_is_lost_or_added():
    large = np.arange(PIECE_BYTES * 5 // 8, dtype=np.int32)
    files = [
        ProductFile("frames/0.jpg", (b"one", b"", memoryview(b"two")), "image/jpeg"),
        ProductFile.of("empty.txt", b"", "text/plain"),
        ProductFile("large.npy", (large.data,)),
    ]
    parts = list(file_parts(files))
    assert [part for part in parts if isinstance(part, FilePart)] == [
        FilePart("frames/0.jpg", "image/jpeg"),
        FilePart("empty.txt", "text/plain"),
        FilePart("large.npy", BYTES),
    ]
    pieces = [bytes(part.data) for part in parts if isinstance(part, PiecePart)]
    assert [len(piece) for piece in pieces] == [3, 3, PIECE_BYTES, PIECE_BYTES, PIECE_BYTES // 2]
    assert b"".join(pieces) == b"onetwo" + large.tobytes()


def test_a_file_is_made_when_it_is_asked_for_and_not_before():
    made = []

    def files():
        for i in range(3):
            made.append(i)
            yield ProductFile.of(str(i), b"x")

    parts = file_parts(Product(files()).files)
    assert made == []
    next(parts)
    assert made == [0]


@pytest.mark.parametrize(("name", "media_type"), [("", BYTES), ("a", "")])
def test_a_file_has_a_name_and_a_media_type(name, media_type):
    with pytest.raises(ValueError, match="a name and a media type"):
        ProductFile(name, (), media_type)
