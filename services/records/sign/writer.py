"""The files of one shard: an npz a clip, and a parquet table beside it. Imports no media library."""

from __future__ import annotations

from collections.abc import Callable

from services.base.media.clip import Clip
from services.base.stage.product import Product
from services.base.stage.writer import BinarySink, WrittenFile
from services.records.sign.files.npz import decode_npz
from services.records.sign.files.parquet import encode_table
from services.records.sign.spec import SignFilesConfig


def npz_name(clip_name: str) -> str:
    """clip_name: the clip's output name, which planning put into its utterance id."""
    return f"{clip_name}.npz"


def parquet_name(clip_name: str) -> str:
    return f"{clip_name}.parquet"


def open_writer(
    config: SignFilesConfig, shard_index: int, num_shards: int, create: Callable[[str], BinarySink]
) -> SignShardWriter:
    """A writer that makes each file by `create` when its clip comes. Raises ValueError for a shard out of range."""
    if not 0 <= shard_index < num_shards:
        raise ValueError(f"shard must be 0..{num_shards - 1}, not {shard_index}")
    return SignShardWriter(config.parquet and config.keypoints, create)


class SignShardWriter:
    """A ShardWriter of whole files a clip; each is closed before the next clip comes."""

    def __init__(self, with_parquet: bool, create: Callable[[str], BinarySink]) -> None:
        self._with_parquet = with_parquet
        self._create = create
        self._written: list[WrittenFile] = []
        self._names: set[str] = set()
        self._is_open = True

    def add(self, clip: Clip, product: Product) -> None:
        """Writes the clip's files. Raises ValueError after close or abort, or for a name written before."""
        if not self._is_open:
            raise ValueError("the shard's files are closed: nothing can be added")
        name = npz_name(clip.utterance_id)
        if name in self._names:
            raise ValueError(f"{clip.key}: {name} was written before; output names must differ")
        self._write(name, product.payload)
        if self._with_parquet:
            arrays = decode_npz(product.payload)
            table = encode_table(arrays["X"], arrays["mask"], arrays["timestamps_ms"])
            self._write(parquet_name(clip.utterance_id), table)

    def _write(self, name: str, data: bytes) -> None:
        sink = self._create(name)
        try:
            sink.write(data)
            sink.close()
        except BaseException:
            sink.abort()
            raise
        self._names.add(name)
        self._written.append(WrittenFile(name, 1))

    def close(self) -> list[WrittenFile]:
        self._is_open = False
        return sorted(self._written, key=lambda file: file.name)

    def abort(self) -> None:
        """Nothing is open between two clips; what was closed waits unseen until the shard is committed."""
        self._is_open = False
