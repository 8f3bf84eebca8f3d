"""Whether a file can be a network's weights, by its structure and the names in it. No library, and no pickle is run."""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

from services.base.errors import BadConfig

_MOST_PICKLE_BYTES = 64 << 20
# Files of torch before 1.6: a magic number, the version and facts of the system come first.
_NUM_OLD_PICKLES = 4
_PICKLE = b"\x80"
# Of protobuf: kinds of a field, and fields of an ONNX model.
_VARINT, _BYTES = 0, 2
_FIXED_BYTES = {1: 8, 5: 4}
_ONNX_GRAPH, _ONNX_METADATA = 7, 14


def check_state_dict(
    path: Path,
    flag: str,
    names: Collection[str],
    whose: str = "torchvision's inception_v3 with aux_logits=True",
    prefix: str = "",
) -> None:
    """flag: that named the file. names: some of the tensors that the network has. whose: weights they should be.
    prefix: of names, which the file may leave out.

    Raises BadConfig WEIGHTS_UNREADABLE for a file that is no state dict or was cut off, WEIGHTS_OF_ANOTHER_NETWORK.
    """
    try:
        found = _texts_in(path)
    except (OSError, ValueError, KeyError, NotImplementedError, zipfile.BadZipFile) as error:
        raise BadConfig(
            "WEIGHTS_UNREADABLE",
            f"{flag} {path} is no whole state dict as torch saves it ({error}): copy it again, or save "
            "`model.state_dict()` to it",
        ) from error
    missing = sorted(name for name in names if not {name, name.removeprefix(prefix)} & found)
    if missing:
        raise BadConfig(
            "WEIGHTS_OF_ANOTHER_NETWORK",
            f"{flag} {path} has no tensor {missing[0]}: give weights of {whose}",
        )


def check_onnx(path: Path, flag: str, network: str) -> None:
    """Raises BadConfig MODEL_UNREADABLE for a file that is no exported network or was cut off, and
    MODEL_OF_ANOTHER_NETWORK for one that says another name.
    """
    remedy = f"write it with `python -m services.features.runtimes.export {network} FILE`"
    try:
        found = _onnx_metadata(path).get("model", "")
    except (OSError, ValueError) as error:
        raise BadConfig("MODEL_UNREADABLE", f"{flag} {path} is no whole ONNX file ({error}): {remedy}") from error
    if found != network:
        raise BadConfig(
            "MODEL_OF_ANOTHER_NETWORK",
            f"{flag} {path} holds {found or 'a network that says no name'}, not {network}: {remedy}",
        )


def _onnx_metadata(path: Path) -> dict[str, str]:
    """What a ModelProto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) says of itself; the graph is passed
    over. Raises ValueError for other bytes.
    """
    with path.open("rb") as file:
        fields = list(_fields(file, path.stat().st_size, (_ONNX_METADATA,)))
    if _ONNX_GRAPH not in dict(fields):
        raise ValueError("it has no graph")
    entries = [
        dict(_fields(io.BytesIO(data), len(data), (1, 2))) for number, data in fields if number == _ONNX_METADATA
    ]
    return {entry.get(1, b"").decode(): entry.get(2, b"").decode() for entry in entries}


def _fields(file: IO[bytes], size: int, wanted: Collection[int]) -> Iterator[tuple[int, bytes]]:
    """(number, bytes) of each field of a protobuf message; of those that nobody wants no bytes are read."""
    while file.tell() < size:
        number, kind = divmod(_varint(file), 8)
        if kind == _VARINT:
            _varint(file)
            length = 0
        else:
            length = _varint(file) if kind == _BYTES else _FIXED_BYTES.get(kind, size)
        end = file.tell() + length
        if end > size:
            raise ValueError(f"it ends after {size} bytes, within a field")
        yield number, file.read(length) if number in wanted else b""
        file.seek(end)


def _varint(file: IO[bytes]) -> int:
    value = 0
    for shift in range(0, 64, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("it ends within a number")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("a number in it is too long")


def _texts_in(path: Path) -> set[str]:
    """Every text in the pickles of the file, the names of its tensors among them."""
    with path.open("rb") as file:
        if file.read(1) == _PICKLE:
            file.seek(0)
            return set().union(*(_texts(file) for _ in range(_NUM_OLD_PICKLES)))
    # The directory of a zip file is at its end, so that one that was cut off has none.
    with zipfile.ZipFile(path) as archive:
        name = next((name for name in archive.namelist() if name.endswith("/data.pkl")), "data.pkl")
        if archive.getinfo(name).file_size > _MOST_PICKLE_BYTES:
            raise ValueError(f"{name} is over {_MOST_PICKLE_BYTES} bytes long")
        with archive.open(name) as file_in_zip:
            return _texts(file_in_zip)


def _texts(file: IO[bytes]) -> set[str]:
    return {value for _, value, _ in pickletools.genops(file) if isinstance(value, str)}
