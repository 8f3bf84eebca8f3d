"""A person's folder is whole or not there: whoever dies or gives up while pictures are written leaves none of them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.audio import AlignedSound
from services.base.media.clip import Clip, Media
from services.base.media.features import AudioFeatures
from services.base.media.points import Landmarks
from services.base.sandbox.supervisor import ClipLimits, PassChild
from services.base.stage.product import ProductFile
from services.base.stage.product_stream import ProductRestarted, ProductStream
from services.base.stage.spec import ClipJob, StageSpec
from services.base.store.open import open_store
from services.base.worker.shard import _Sink
from services.formats.talker.tree import points_of, tree_of
from services.records.talker.spec import TalkerFilesConfig
from services.records.talker.writer import open_writer

PROGRAM = (sys.executable, str(Path(__file__).resolve().parents[1] / "fakes" / "talker_services.py"))
LIMITS = ClipLimits(time_s=30.0, memory_bytes=1 << 30)
STAGES = [("frames", {}), ("making", {}), ("talkerfiles", {})]
CLIP = Clip("anna", "anna", "anna", "anna.mp4")


@pytest.fixture
def child() -> Iterator[PassChild]:
    kinds = {"landmarks": Landmarks, "aligned_sound": AlignedSound, "audio_features": AudioFeatures}
    making = StageSpec("making", 1, TalkerFilesConfig, (), tuple(kinds), artifacts=kinds)
    made = PassChild(STAGES, LIMITS, specs=[making], program=PROGRAM)
    yield made
    made.close()


class Shard:
    """A writer over a folder, as a worker has it."""

    def __init__(self, root: Path) -> None:
        self.root, self.names = root, []
        store = open_store(str(root))
        self.writer = open_writer(TalkerFilesConfig(), 0, 1, lambda name: _Sink(name, name, store, {}))

    def carry(self, child: PassChild, orders: str) -> None:
        job = ClipJob(CLIP, Media.of_bytes("anna.mp4", orders.encode()))
        stream = ProductStream(child.run(job), lambda part: None)
        while stream.begins():
            try:
                self.writer.add(CLIP, self._seen(stream.files()))
            except ProductRestarted:
                continue

    def _seen(self, files: Iterator[ProductFile]) -> Iterator[ProductFile]:
        for file in files:
            self.names.append(file.name)
            yield file

    def there(self) -> list[str]:
        return sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())


def test_frames_are_written_while_the_clip_is_read_and_a_failure_takes_them_back(
    child: PassChild, tmp_path: Path
) -> None:
    shard = Shard(tmp_path)
    for do, reason in (("bad", "TRUNCATED"), ("killed", "CLIP_CRASHED")):
        with pytest.raises(BadInput) as refused:
            shard.carry(child, f"frames=40 at=30 do={do}")
        assert refused.value.reason == reason
        assert "full_body_img/000020.png" in shard.names, "no frame had been written, so that nothing is shown"
        assert shard.there() == []
    assert shard.writer.close() == []


def test_after_a_kill_the_second_try_writes_each_file_once(child: PassChild, tmp_path: Path) -> None:
    shard = Shard(tmp_path / "out")
    shard.carry(child, f"frames=40 at=30 do=killed once={tmp_path / 'marker'}")
    assert child.num_restarts == 1
    assert shard.names.count("full_body_img/000000.png") == 2
    written = [file.name for file in shard.writer.close()]
    assert written == shard.there()
    tree = tree_of(written)
    assert len(tree.frames) == 40
    assert points_of(tree, lambda name: (tmp_path / "out" / name).read_bytes()).shape == (40, 110, 2)
    for t in (0, 29, 30, 39):
        read_HWC = cv2.imread(str(tmp_path / "out" / tree.frames[t]))[..., ::-1]
        # As the child makes it.
        np.testing.assert_array_equal(read_HWC, np.random.default_rng(t).integers(0, 256, (64, 64, 3), np.uint8))
