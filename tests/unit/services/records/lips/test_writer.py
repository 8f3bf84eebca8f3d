"""The writer of the stage is that of record shards."""

from services.records.lips.spec import LipsFilesConfig
from services.records.lips.writer import open_writer


def test_a_file_a_split_is_made_at_once() -> None:
    names: list[str] = []

    class Sink:
        def write(self, data: bytes, /) -> object:
            return len(data)

        def close(self) -> None: ...
        def abort(self) -> None: ...

    def create(name: str) -> Sink:
        names.append(name)
        return Sink()

    open_writer(LipsFilesConfig(), 7, 64, create).abort()
    assert names == [f"{split}-00007-of-00064.tfrecord" for split in ("train", "val", "test")]
