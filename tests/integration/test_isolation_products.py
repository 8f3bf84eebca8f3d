"""Products of any size between a child and its supervisor: in pieces, and whole or not at all."""

import hashlib
import sys
import tracemalloc
from pathlib import Path

import pytest
from products import made_in

from services.base.errors import BadInput
from services.base.media.clip import Clip, Media
from services.base.sandbox.supervisor import ArtifactPart, ClipLimits, PassChild
from services.base.sandbox.watchdog import resident_bytes
from services.base.stage.product import PIECE_BYTES, FilePart, PiecePart, ProductPart
from services.base.stage.spec import ClipJob

PROGRAM = (sys.executable, str(Path(__file__).resolve().parents[1] / "fakes" / "faulty_services.py"))
LIMITS = ClipLimits(time_s=10.0, memory_bytes=400 << 20)
FRAMES = {f"frames/{i}.txt": b"frame" for i in (1, 2, 3)}


@pytest.fixture
def child():
    made = PassChild([("frames", {}), ("filing", {})], LIMITS, program=PROGRAM)
    yield made
    made.close()


def job(orders: str) -> ClipJob:
    return ClipJob(Clip("s1/x", "x", "s1", "x.mpg"), Media.of_bytes("x.mpg", orders.encode()))


def test_a_product_of_any_size_takes_the_memory_of_a_few_pieces_at_both_ends(child):
    """200 MiB in one file, which the stage makes in pieces larger than those that travel."""
    num_bytes, most_bytes, name = 0, 0, ""
    digest = hashlib.sha256()
    assert made_in(child.run(job("num=1 size=5"))).files["large"] == bytes(5)
    tracemalloc.start()
    for part in child.run(job(f"num=50 size={4 << 20}")):
        if isinstance(part, FilePart):
            name = part.name
        elif isinstance(part, PiecePart) and name == "large":
            assert len(part.data) <= PIECE_BYTES
            num_bytes += len(part.data)
            digest.update(part.data)
            most_bytes = max(most_bytes, resident_bytes(child._process.pid))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert num_bytes == 200 << 20
    assert digest.hexdigest() == hashlib.sha256(b"".join(bytes([i]) * (4 << 20) for i in range(50))).hexdigest()
    assert peak_bytes < 8 << 20
    assert most_bytes < 150 << 20


@pytest.mark.parametrize("order", ["crash", "exit", "killed", "bug", "memory-error"])
def test_a_child_that_ends_over_a_product_begins_it_anew(child, tmp_path, order):
    """Only the first time; the product that comes in the end is the whole one."""
    orders = f"num=40 size=100000 at=30 do=once:{order}:{tmp_path / 'marker'}"
    parts = list(child.run(job(orders)))
    begun = [i for i, part in enumerate(parts) if isinstance(part, ProductPart)]
    assert len(begun) == 2 and child.num_restarts == 1
    names = [part.name for part in parts[begun[1] :] if isinstance(part, FilePart)]
    assert names == [*FRAMES, "large"]
    assert sum(isinstance(part, ArtifactPart) for part in parts) == 1
    made = made_in(parts)
    assert made.files == FRAMES | {"large": b"".join(bytes([i]) * 100_000 for i in range(40))}


@pytest.mark.parametrize(("order", "reason"), [("crash", "CLIP_CRASHED"), ("bad", "NO_FACE")])
def test_a_clip_that_always_ends_over_its_product_has_none(child, order, reason):
    seen = []
    with pytest.raises(BadInput) as raised:
        seen.extend(child.run(job(f"num=40 size=100000 at=30 do={order}")))
    assert raised.value.reason == reason
    assert not any(isinstance(part, ArtifactPart) for part in seen)
    assert made_in(child.run(job("num=2 size=3"))).files["large"] == bytes(3) + b"\1" * 3
