"""Whether a file can be a person segmenter, by its structure: imports no detector.

A .tflite file is a flatbuffer (https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs);
of its tables only the shapes of inputs and outputs and the places of the weights are read.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from services.base.errors import BadConfig

_MAGIC = b"TFL3"
_ZIP = b"PK"
_MOST_BYTES = 1 << 30
# A mask, and a quality that some segmenters tell beside it.
_MOST_OUTPUTS = 2
_IMAGE_DIMS = 4
# Fields by their place in the schema.
_MODEL_SUBGRAPHS, _MODEL_BUFFERS = 2, 4
_GRAPH_TENSORS, _GRAPH_INPUTS, _GRAPH_OUTPUTS = 0, 1, 2
_TENSOR_SHAPE, _BUFFER_DATA = 0, 0


def check_segmenter(path: Path) -> None:
    """Raises BadConfig MODEL_UNREADABLE for a file that is no .tflite model (or bundle of them) or was cut off, and
    MODEL_OF_ANOTHER_KIND for a network that gives no mask of its image.
    """
    try:
        shapes = [_shapes_of(data) for data in _models(path)]
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BadConfig(
            "MODEL_UNREADABLE",
            f"--segmenter {path} is no whole .tflite model ({error}): copy it again, or leave out --segmenter",
        ) from error
    if not any(_gives_a_mask(inputs, outputs) for inputs, outputs in shapes):
        raise BadConfig(
            "MODEL_OF_ANOTHER_KIND",
            f"--segmenter {path} takes {shapes[0][0]} and gives {shapes[0][1]}, which is no mask of an image: give a "
            "person segmenter of MediaPipe, or leave out --segmenter",
        )


def _gives_a_mask(inputs: list[tuple[int, ...]], outputs: list[tuple[int, ...]]) -> bool:
    takes_an_image = [_is_image(shape) for shape in inputs] == [True]
    return takes_an_image and len(outputs) <= _MOST_OUTPUTS and any(map(_is_image, outputs))


def _is_image(shape: tuple[int, ...]) -> bool:
    """(1, height, width, channels); a height or width of -1 is any."""
    return len(shape) == _IMAGE_DIMS and 1 not in shape[1:3]


def _models(path: Path) -> Iterator[bytes]:
    """The file, or those that it bundles. Raises ValueError, OSError, BadZipFile."""
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"over {_MOST_BYTES} bytes")
    data = path.read_bytes()
    if data[4:8] == _MAGIC:
        yield data
        return
    if not data.startswith(_ZIP):
        raise ValueError("it does not begin as one")
    with zipfile.ZipFile(path) as bundle:
        names = [entry for entry in bundle.infolist() if entry.filename.endswith(".tflite")]
        if not names or sum(entry.file_size for entry in names) > _MOST_BYTES:
            raise ValueError("the bundle holds no .tflite of a size to be read")
        yield from (bundle.read(entry) for entry in names)


def _shapes_of(data: bytes) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """As _Flatbuffer.shapes. Raises ValueError."""
    try:
        return _Flatbuffer(data).shapes()
    except (struct.error, IndexError) as error:
        raise ValueError(f"it ends after {len(data)} bytes, and points beyond them") from error


class _Flatbuffer:
    """Reads of a model that stay within its bytes. They raise ValueError, IndexError or struct.error."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def shapes(self) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        """(shapes of the inputs, of the outputs) of the first graph; every weight lies within the file."""
        model = self._u32(0)
        for buffer in self._tables(self._field(model, _MODEL_BUFFERS)):
            at = self._field(buffer, _BUFFER_DATA)
            if at and at + 4 + self._u32(at) > len(self._data):
                raise ValueError("it ends within its weights")
        graphs = self._tables(self._field(model, _MODEL_SUBGRAPHS))
        if not graphs:
            raise ValueError("it has no graph")
        tensors = self._tables(self._field(graphs[0], _GRAPH_TENSORS))
        inputs, outputs = (
            [self._ints(self._field(tensors[i], _TENSOR_SHAPE)) for i in self._ints(self._field(graphs[0], which))]
            for which in (_GRAPH_INPUTS, _GRAPH_OUTPUTS)
        )
        return inputs, outputs

    def _field(self, table: int, number: int) -> int:
        """Where the vector of a field begins; 0 where the table lacks it."""
        vtable = table - struct.unpack_from("<i", self._data, table)[0]
        if vtable < 0:
            raise ValueError("a table points before its beginning")
        place = 4 + 2 * number
        (size,) = struct.unpack_from("<H", self._data, vtable)
        offset = struct.unpack_from("<H", self._data, vtable + place)[0] if place < size else 0
        return table + offset + self._u32(table + offset) if offset else 0

    def _tables(self, vector: int) -> list[int]:
        count = self._count(vector)
        places = range(vector + 4, vector + 4 + 4 * count, 4)
        return [place + self._u32(place) for place in places]

    def _ints(self, vector: int) -> tuple[int, ...]:
        return struct.unpack_from(f"<{self._count(vector)}i", self._data, vector + 4) if vector else ()

    def _count(self, vector: int) -> int:
        count = self._u32(vector) if vector else 0
        if vector + 4 + 4 * count > len(self._data):
            raise ValueError("it ends within a list")
        return count

    def _u32(self, at: int) -> int:
        value: int = struct.unpack_from("<I", self._data, at)[0]
        return value
