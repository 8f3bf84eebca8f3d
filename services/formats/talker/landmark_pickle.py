"""A frame's landmarks as a pickle of one NumPy array, and as lines of text: written and read without unpickling. Pure.

A pickle is a program. `encode_landmarks` writes the program that NumPy 1.23 writes by protocol 4, whose global names
(`numpy.core.multiarray`) NumPy 1 and 2 both load; NumPy 2 itself writes `numpy._core`, which NumPy 1.23 cannot.
`decode_landmarks` runs none: it follows the opcodes that make an array, of which no name is looked up, and refuses all
others. Sources: pickletools of Python for the opcodes, `ndarray.__reduce__` and `ndarray.__reduce_ex__` of NumPy for
what they say.
"""

from __future__ import annotations

import math
import pickletools
import re
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array, Int32Array

NUM_POINTS = 110
POINT_COUNTS = (98, NUM_POINTS)
MAX_BYTES = 64 << 10
# NumPy's own have 45 of the newest protocol and 75 of the oldest.
_MAX_OPCODES = 500
_SHAPES = " or ".join(f"[{count}, 2]" for count in POINT_COUNTS)

# Names are given with the opcodes that carry them: a length, the name, and a place in the memo.
_HEAD = (
    b"\x80\x04\x95%s"
    b"\x8c\x15numpy.core.multiarray\x94\x8c\x0c_reconstruct\x94\x93\x94"
    b"\x8c\x05numpy\x94\x8c\x07ndarray\x94\x93\x94K\x00\x85\x94C\x01b\x94\x87\x94R\x94"
    b"(K\x01K\x6eK\x02\x86\x94h\x03\x8c\x05dtype\x94\x93\x94\x8c\x02i4\x94\x89\x88\x87\x94R\x94"
    b"(K\x03\x8c\x01<\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94b\x89B%s"
)
_TAIL = b"\x94t\x94b."


def encode_landmarks(points_NC: Int32Array) -> bytes:
    """The bytes that `pickle.dumps(points, 4)` gives by NumPy 1.23, on any machine. points_NC: int32 [110, 2]."""
    if points_NC.dtype != np.int32 or points_NC.shape != (NUM_POINTS, 2):
        raise ValueError(f"landmarks must be int32 [{NUM_POINTS}, 2], not {points_NC.dtype} {points_NC.shape}")
    data = np.ascontiguousarray(points_NC).astype("<i4").tobytes()
    # Two bytes of protocol and nine of the frame's own header are not of the frame.
    num_bytes = len(_HEAD % (b"8 bytes.", b"four")) - 11 + len(data) + len(_TAIL)
    return _HEAD % (struct.pack("<Q", num_bytes), struct.pack("<I", len(data))) + data + _TAIL


def decode_landmarks(data: bytes, name: str = "a pickle") -> Float32Array:
    """The points of a pickle of one array of numbers, float32 [98 or 110, 2], by protocol 0 to 5 of any NumPy.

    name: for messages. Raises BadInput UNSAFE_LANDMARKS for anything else, of which nothing has run.
    """
    try:
        if len(data) > MAX_BYTES:
            raise _NotPlainError(f"it has {len(data)} bytes, over {MAX_BYTES}")
        made = _result(data)
        if not isinstance(made, _Array) or made.numbers is None:
            raise _NotPlainError("it holds no array")
        return _points(made.numbers)
    # ValueError is of pickletools: a torn opcode, an unknown one, a text that is none.
    except (_NotPlainError, ValueError) as error:
        raise BadInput(
            "UNSAFE_LANDMARKS",
            f"{name} is not read: {error}; landmarks are a pickle of one NumPy array of numbers, {_SHAPES}. Nothing in "
            "it has run: make the landmarks anew",
        ) from error


def decode_lms(data: bytes, name: str = "a text") -> Float32Array:
    """The points of 98 or 110 lines `x y`, float32 [98 or 110, 2]. name: for messages.

    Raises BadInput BAD_LANDMARKS for anything else.
    """
    try:
        if len(data) > MAX_BYTES:
            raise _NotPlainError(f"it has {len(data)} bytes, over {MAX_BYTES}")
        rows = [[float(number) for number in line.split()] for line in data.splitlines() if line.strip()]
        if any(len(row) != 2 for row in rows) or len(rows) not in POINT_COUNTS:
            raise _NotPlainError(f"it has {len(rows)} lines, or one that is no `x y`")
        return _points(np.array(rows))
    except (_NotPlainError, ValueError) as error:
        raise BadInput(
            "BAD_LANDMARKS", f"{name} is not read: {error}; landmarks are lines `x y`, {_SHAPES}: make them anew"
        ) from error


class _NotPlainError(Exception):
    """The pickle does something else than make one array of numbers."""


@dataclass(frozen=True)
class _Global:
    name: str


@dataclass
class _Type:
    """A dtype being made. text: such as `i4`. order: `<`, `>`, `=` or `|`."""

    text: str
    order: str = "="


@dataclass
class _Array:
    """An array being made; numbers: None until its state is set."""

    numbers: np.ndarray | None = None


_NDARRAY, _DTYPE = _Global("ndarray"), _Global("dtype")
_RECONSTRUCT, _FROM_BUFFER, _ENCODE = _Global("_reconstruct"), _Global("_frombuffer"), _Global("encode")
_GLOBALS = {
    "numpy ndarray": _NDARRAY,
    "numpy dtype": _DTYPE,
    "_codecs encode": _ENCODE,
    **{f"numpy.{core}.multiarray _reconstruct": _RECONSTRUCT for core in ("core", "_core")},
    **{f"numpy.{core}.numeric _frombuffer": _FROM_BUFFER for core in ("core", "_core")},
}
_MARK = object()
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": (), "MARK": _MARK}
_VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "FLOAT", "BINFLOAT"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "STRING", "BINSTRING", "SHORT_BINSTRING"),
    *("BINBYTES", "SHORT_BINBYTES", "BYTEARRAY8"),
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_PUTS, _GETS = {"PUT", "BINPUT", "LONG_BINPUT"}, {"GET", "BINGET", "LONG_BINGET"}
_NUMBERS = re.compile(r"[iu][1248]|f[248]")


def _result(data: bytes) -> Any:
    """What is left on the stack when the pickle ends."""
    stack: list[Any] = []
    memo: dict[Any, Any] = {}
    end = -1
    for index, (opcode, arg, place) in enumerate(pickletools.genops(data)):
        name, end = opcode.name, place or 0
        if index >= _MAX_OPCODES:
            raise _NotPlainError(f"it has more than {_MAX_OPCODES} opcodes")
        if name in _VALUES:
            stack.append(arg)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _TUPLES:
            stack.append(tuple(_popped(stack, _TUPLES[name])))
        elif name == "TUPLE":
            stack.append(tuple(_popped_to_mark(stack)))
        elif name == "MEMOIZE":
            memo[len(memo)] = _top(stack)
        elif name in _PUTS:
            memo[arg] = _top(stack)
        elif name in _GETS:
            if arg not in memo:
                raise _NotPlainError(f"it reads a place {arg} of its memo that is empty")
            stack.append(memo[arg])
        elif name == "GLOBAL":
            stack.append(_named(str(arg)))
        elif name == "STACK_GLOBAL":
            stack.append(_named(" ".join(part for part in _popped(stack, 2) if isinstance(part, str))))
        elif name == "REDUCE":
            stack.append(_called(*_popped(stack, 2)))
        elif name == "BUILD":
            made, state = _popped(stack, 2)
            _set_state(made, state)
            stack.append(made)
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise _NotPlainError(f"it holds the opcode {name}")
    if end + 1 != len(data) or len(stack) != 1:
        raise _NotPlainError("it does not end with one value")
    return stack[0]


def _popped(stack: list[Any], num: int) -> list[Any]:
    if len(stack) < num or any(value is _MARK for value in stack[-num:]):
        raise _NotPlainError("it takes more values than it has put down")
    found = stack[-num:]
    del stack[-num:]
    return found


def _popped_to_mark(stack: list[Any]) -> list[Any]:
    for place in range(len(stack) - 1, -1, -1):
        if stack[place] is _MARK:
            found = stack[place + 1 :]
            del stack[place:]
            return found
    raise _NotPlainError("it ends a tuple that it has not begun")


def _top(stack: list[Any]) -> Any:
    if not stack or stack[-1] is _MARK:
        raise _NotPlainError("it keeps a value that it has not put down")
    return stack[-1]


def _named(name: str) -> _Global:
    if name not in _GLOBALS:
        raise _NotPlainError(f"it asks for {name!r:.80}")
    return _GLOBALS[name]


def _called(function: Any, args: Any) -> Any:
    """What the call of a global would give, for the few calls that make an array."""
    args = args if isinstance(args, tuple) else ()
    if function == _RECONSTRUCT and len(args) == 3 and args[0] == _NDARRAY:
        return _Array()
    if function == _DTYPE and args and isinstance(args[0], str):
        return _Type(args[0])
    if function == _ENCODE and len(args) == 2 and isinstance(args[0], str) and args[1] == "latin1":
        return args[0].encode("latin1")
    if function == _FROM_BUFFER and len(args) == 4:
        return _Array(_numbers(args[0], args[1], args[2], is_fortran=args[3] == "F"))
    raise _NotPlainError("it calls what makes no array")


def _set_state(made: Any, state: Any) -> None:
    if isinstance(made, _Type) and isinstance(state, tuple) and len(state) > 1 and isinstance(state[1], str):
        made.order = state[1]
    elif isinstance(made, _Array) and made.numbers is None and isinstance(state, tuple) and len(state) in (4, 5):
        shape, dtype, is_fortran, data = state[-4:]
        made.numbers = _numbers(data, dtype, shape, is_fortran=bool(is_fortran))
    else:
        raise _NotPlainError("it sets the state of what is no array")


def _numbers(data: Any, dtype: Any, shape: Any, *, is_fortran: bool) -> np.ndarray:
    if isinstance(data, str):
        # As Python 2 wrote it.
        data = data.encode("latin1")
    if not isinstance(dtype, _Type) or not _NUMBERS.fullmatch(dtype.text) or dtype.order not in ("<", ">", "=", "|"):
        raise _NotPlainError("its array is none of plain numbers")
    if shape not in [(count, 2) for count in POINT_COUNTS]:
        raise _NotPlainError(f"its array is not of the shape {_SHAPES}")
    order = "<" if dtype.order in "=|" else dtype.order
    kind = np.dtype(order + dtype.text)
    if not isinstance(data, bytes | bytearray) or len(data) != shape[0] * shape[1] * kind.itemsize:
        raise _NotPlainError(f"its array of the shape {shape} has not the bytes for it")
    return np.frombuffer(bytes(data), kind).reshape(shape, order="F" if is_fortran else "C")


def _points(numbers_NC: np.ndarray) -> Float32Array:
    points_NC = numbers_NC.astype(np.float64)
    # Beyond, float32 holds no whole pixels.
    if not np.isfinite(points_NC).all() or np.abs(points_NC).max() > math.ldexp(1, 24):
        raise _NotPlainError("a point is no place in a picture")
    return points_NC.astype(np.float32)
