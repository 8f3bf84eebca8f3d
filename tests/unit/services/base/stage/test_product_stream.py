"""A writer takes a product's files while the pass goes on; what begins anew is taken anew."""

import pytest

from services.base.errors import BadInput
from services.base.media.video import DecodeFacts
from services.base.stage.clip_pass import ArtifactPart, DonePart, FactsPart
from services.base.stage.product import FilePart, PiecePart, Product, ProductPart
from services.base.stage.product_stream import ProductRestarted, ProductStream

FACTS, DONE = FactsPart(DecodeFacts(1)), DonePart({})
WHOLE = ArtifactPart("tree", Product(quality={"num_frames": 1}))


def file(name, *pieces):
    return [FilePart(name, "text/plain"), *map(PiecePart, pieces)]


def taken(stream):
    """What a taker of everything has in the end, and how often it had to begin."""
    times, found = 0, None
    while stream.begins():
        times += 1
        try:
            found = {f.name: b"".join(f.pieces) for f in stream.files()}
        except ProductRestarted:
            found = None
    return found, times


def test_files_come_with_their_pieces_and_all_else_is_noted_in_order():
    noted = []
    parts = [ProductPart("tree"), *file("a", b"1"), FACTS, PiecePart(b"2"), *file("b"), WHOLE, DONE]
    stream = ProductStream(iter(parts), noted.append)
    assert taken(stream) == ({"a": b"12", "b": b""}, 1)
    assert noted == [FACTS, WHOLE, DONE]
    assert stream.name == "tree" and stream.has_ended and stream.error is None


def test_a_pass_without_a_product_begins_none():
    noted = []
    assert taken(ProductStream(iter([FACTS, DONE]), noted.append)) == (None, 0)
    assert noted == [FACTS, DONE]


def test_files_end_with_the_pass_and_not_before_it():
    noted = []
    stream = ProductStream(iter([ProductPart("tree"), *file("a"), WHOLE, DONE]), noted.append)
    assert stream.begins()
    files = stream.files()
    next(files)
    assert noted == []
    assert next(files, None) is None and noted == [WHOLE, DONE]


@pytest.mark.parametrize("before", [[], file("a"), file("a", b"1"), [*file("a", b"1"), WHOLE]])
def test_a_product_that_begins_anew_is_asked_for_again(before):
    parts = [ProductPart("tree"), *before, ProductPart("tree"), *file("b", b"2"), WHOLE, DONE]
    assert taken(ProductStream(iter(parts), lambda _: None)) == ({"b": b"2"}, 2)


def test_a_file_that_is_not_read_to_its_end_is_read_over():
    stream = ProductStream(iter([ProductPart("tree"), *file("a", b"1", b"2"), *file("b", b"3"), DONE]), lambda _: None)
    assert stream.begins()
    found = [(f.name, next(iter(f.pieces))) for f in stream.files()]
    assert found == [("a", b"1"), ("b", b"3")]


def test_what_the_pass_raises_is_told_from_what_the_taker_does():
    def failing():
        yield ProductPart("tree")
        yield from file("a", b"1")
        raise BadInput("TORN", "the clip ends here")

    stream = ProductStream(failing(), lambda _: None)
    assert stream.begins()
    with pytest.raises(BadInput) as raised:
        taken(stream)
        list(stream.files())
    assert stream.error is raised.value
    other = ProductStream(iter([ProductPart("tree"), *file("a")]), lambda _: None)
    assert other.begins()
    with pytest.raises(OSError, match="full"):
        for _ in other.files():
            raise OSError("full")
    assert other.error is None
