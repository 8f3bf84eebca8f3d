"""The pose bundle with two of its outputs exchanged in memory: what is called visibility and what is called presence.

MediaPipe smooths a followed body's points and visibilities over time, and gives presences as they are. A loss of the
body resets the smoothing of the points but, with 1.2, not that of the visibilities: a clip would begin with those of
the clip before. Exchanged in the last layer of the network, the visibility comes out under the name of presence,
untouched. The file on the disk stays as it is.

Format: a bundle is a stored zip; a network in it a FlatBuffer of TensorFlow Lite's public schema (Model: 2 subgraphs,
4 buffers; SubGraph: 0 tensors, 2 outputs, 3 operators; Tensor: 0 shape, 2 buffer; Operator: 1 inputs, 2 outputs;
Buffer: 0 data).
"""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np

_NETWORK = "pose_landmarks_detector.tflite"
# x, y, z, visibility, presence of each of 39 points (33 and 6 that only the tracker uses).
_NUM_VALUES, _VISIBILITY, _PRESENCE = 5, 3, 4
_NUM_OUTPUTS = 39 * _NUM_VALUES


def exchange_visibility(bundle: bytes) -> bytes:
    """A bundle whose presences are visibilities and the other way round.

    Raises ValueError when this is no pose landmarker bundle, or one of a network that is not known here.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        parts[_NETWORK] = _exchanged(parts[_NETWORK])
    except (zipfile.BadZipFile, KeyError, struct.error, IndexError) as error:
        raise ValueError(f"not a pose landmarker bundle: {error}") from error
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def _exchanged(network: bytes) -> bytes:
    reader = _Reader(network)
    out = bytearray(network)
    for start, num_bytes in _last_layer(reader):
        rows = np.frombuffer(out, np.uint8, num_bytes, start).reshape(_NUM_OUTPUTS // _NUM_VALUES, _NUM_VALUES, -1)
        rows[:, [_VISIBILITY, _PRESENCE]] = rows[:, [_PRESENCE, _VISIBILITY]]
    return bytes(out)


def _last_layer(reader: _Reader) -> list[tuple[int, int]]:
    """Where the weights and the biases lie of the layer that gives the points: (start, bytes) of each."""
    (graph, *_), buffers = reader.tables(reader.root, 2), reader.tables(reader.root, 4)
    tensors, operators = reader.tables(graph, 0), reader.tables(graph, 3)
    makers = {tensor: op for op in operators for tensor in reader.integers(op, 2)}
    (points,) = [i for i in reader.integers(graph, 2) if reader.integers(tensors[i], 0) == [1, _NUM_OUTPUTS]]
    layer = makers[points]
    while len(reader.integers(layer, 1)) != 3:  # a reshape lies between
        layer = makers[reader.integers(layer, 1)[0]]
    found = []
    for constant in reader.integers(layer, 1)[1:]:
        while constant in makers:  # stored in half precision, and widened when it is loaded
            constant = reader.integers(makers[constant], 1)[0]  # noqa: PLW2901
        if reader.integers(tensors[constant], 0)[0] != _NUM_OUTPUTS:
            raise ValueError("the last layer of this pose network is not the one that is known here")
        start, num_bytes = reader.vector(buffers[reader.unsigned(tensors[constant], 2)], 0)
        found.append((start, num_bytes))
    return found


class _Reader:
    """Tables and vectors of a FlatBuffer, by their places."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.root = self._u32(0)

    def unsigned(self, table: int, number: int) -> int:
        at = self._field(table, number)
        return self._u32(at) if at else 0

    def vector(self, table: int, number: int) -> tuple[int, int]:
        """(place of the first element, number of elements)."""
        at = self._field(table, number)
        if not at:
            return 0, 0
        at += self._u32(at)
        return at + 4, self._u32(at)

    def tables(self, table: int, number: int) -> list[int]:
        start, length = self.vector(table, number)
        return [at + self._u32(at) for at in range(start, start + 4 * length, 4)]

    def integers(self, table: int, number: int) -> list[int]:
        start, length = self.vector(table, number)
        return list(struct.unpack_from(f"<{length}i", self._data, start))

    def _field(self, table: int, number: int) -> int:
        """Its place, 0 where it is left out."""
        layout = table - int(struct.unpack_from("<i", self._data, table)[0])
        slot = 4 + 2 * number
        if slot >= self._u16(layout):
            return 0
        offset = self._u16(layout + slot)
        return table + offset if offset else 0

    def _u16(self, at: int) -> int:
        return int(struct.unpack_from("<H", self._data, at)[0])

    def _u32(self, at: int) -> int:
        return int(struct.unpack_from("<I", self._data, at)[0])
