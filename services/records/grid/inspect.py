"""`python -m services.records.grid.inspect FILE.tfrecord [--index N | --key UTTERANCE] [--png OUT] [-o text|json]`.

Prints one record: its features and their types, its label as text, its lengths; draws its frames on a contact sheet.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.base.errors import EXIT_OK, BadInput, VisemillError
from services.base.media.arrays import UInt8Array
from services.formats.example import DecodedFeature, decode_example
from services.formats.tfrecord import read_records
from services.records.contact_sheet import contact_sheet
from services.records.grid.labels import decode_label

Features = dict[str, DecodedFeature]
_SHOWN_VALUES = 40
_SHOWN_BYTES = 64


def find_record(path: Path, index: int, key: str) -> tuple[int, bytes]:
    """The record at a place, or, if key is given, the first with that utterance id or speaker/utterance id.

    Raises BadInput when there is none, CorruptRecord or TornRecord where the file is broken, OSError from reading it.
    """
    num_records = 0
    with path.open("rb") as file:
        for i, payload in enumerate(read_records(file)):
            num_records += 1
            if key in _keys(payload) if key else i == index:
                return i, payload
    if num_records == 0:
        other = _sibling_with_records(path)
        remedy = f": see {other.name}, which has some" if other else ""
        raise BadInput("NO_SUCH_RECORD", f"{path.name} holds no record: its shard has no clip of this split{remedy}")
    wanted = f"with the id {key!r}" if key else f"at index {index}"
    raise BadInput("NO_SUCH_RECORD", f"{path} has {num_records} records and none {wanted}: indexes count from 0")


def _sibling_with_records(path: Path) -> Path | None:
    """The first file of the same split that is not empty; of another split where that has none."""
    split = path.name.split("-")[0]
    filled = [other for other in path.parent.glob("*.tfrecord") if other.stat().st_size]
    return min(filled, key=lambda other: (other.name.split("-")[0] != split, other.name), default=None)


def _keys(payload: bytes) -> set[str]:
    features = decode_example(payload)
    utterance_id, speaker_id = _text(features, "utterance_id"), _text(features, "speaker_id")
    return {utterance_id, f"{speaker_id}/{utterance_id}"}


def describe(index: int, payload: bytes) -> dict[str, Any]:
    """JSON-able: place, bytes, ids, label as text, lengths, and each feature's type, count and, where short, values."""
    features = decode_example(payload)
    label = [int(v) for v in features.get("label", [])]
    return {
        "index": index,
        "num_bytes": len(payload),
        "utterance_id": _text(features, "utterance_id"),
        "speaker_id": _text(features, "speaker_id"),
        "label_text": decode_label(label) if label else _text(features, "text"),
        "label_len": _number(features, "label_len"),
        "input_len": _number(features, "input_len"),
        "frames_shape": [_number(features, name) for name in "thwc"],
        "features": {name: _shown(values) for name, values in features.items()},
    }


def frames_of(payload: bytes) -> UInt8Array:
    """uint8 RGB [T, H, W, C], without the padding. Raises BadInput when the bytes do not fill the stated shape."""
    features = decode_example(payload)
    shape = tuple(_number(features, name) for name in "thwc")
    data = features.get("frames", [])
    if len(data) != 1 or not isinstance(data[0], bytes) or len(data[0]) != int(np.prod(shape)):
        raise BadInput("BAD_EXAMPLE", f"`frames` does not hold the {shape} bytes that t, h, w, c state: write it again")
    return np.frombuffer(data[0], np.uint8).reshape(shape)[: _number(features, "input_len")]


def _text(features: Features, name: str) -> str:
    return b"".join(v for v in features.get(name, []) if isinstance(v, bytes)).decode("utf-8", "replace")


def _number(features: Features, name: str) -> int:
    values = features.get(name, [])
    if len(values) != 1 or not isinstance(values[0], int):
        raise BadInput(
            "BAD_EXAMPLE", f"feature {name!r} must be one int64, not {values!r:.80}: is it a Visemill record?"
        )
    return values[0]


def _shown(values: DecodedFeature) -> dict[str, Any]:
    kind = {bytes: "bytes", int: "int64", float: "float"}[type(values[0])] if values else "empty"
    shown: dict[str, Any] = {"type": kind, "count": len(values)}
    if kind == "bytes":
        texts = [v for v in values if isinstance(v, bytes)]
        shown["num_bytes"] = sum(map(len, texts))
        if shown["num_bytes"] <= _SHOWN_BYTES:
            shown["values"] = [v.decode("utf-8", "backslashreplace") for v in texts]
    elif len(values) <= _SHOWN_VALUES:
        shown["values"] = list(values)
    return shown


def as_text(described: dict[str, Any]) -> str:
    """The same for people, a fact a line."""
    lines = [f"{name:13} {value}" for name, value in described.items() if name != "features"]
    for name, shown in described["features"].items():
        size = f", {shown['num_bytes']} bytes" if "num_bytes" in shown else ""
        lines.append(f"  {name:13} {shown['type']}[{shown['count']}]{size} {shown.get('values', '...')}")
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Exit codes are those of services/base/errors.py."""
    parser = argparse.ArgumentParser(prog="python -m services.records.grid.inspect", description=__doc__)
    parser.add_argument("file", type=Path, help="a TFRecord file")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--index", type=int, default=0, help="index of the record (default: %(default)s)")
    which.add_argument("--key", default="", help="utterance id, or speaker/utterance id")
    parser.add_argument("--png", type=Path, help="write a contact sheet here")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="form (default: %(default)s)")
    flags = parser.parse_args(argv)
    try:
        index, payload = find_record(flags.file, flags.index, flags.key)
        described = describe(index, payload)
        if flags.png:
            # OpenCV draws ASCII alone.
            text = described["label_text"] if described["label_text"].isascii() else ""
            title = f"{described['speaker_id']}/{described['utterance_id']}  {text}".rstrip()
            flags.png.write_bytes(contact_sheet(frames_of(payload), title))
    except OSError as error:
        sys.stderr.write(f"{error}: give the path of a TFRecord file, and of a folder that exists for the sheet\n")
        return BadInput.exit_code
    except VisemillError as error:
        sys.stderr.write(f"{flags.file}: {error}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(described) + "\n" if flags.output == "json" else as_text(described))
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
