"""`python -m services.records.tts.inspect FILE [--index ROW] [--key ID] [-o text|json]`.

Prints what is in one of a clip's .npy, or in the .arrow of a shard: rows, types, and the features of one clip.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.base.errors import EXIT_OK, BadInput, VisemillError
from services.formats.npy import decode_npy
from services.records.described_text import as_text
from services.records.tts.names import ARROW, FOLDERS
from services.records.tts.validate import validate

_SHOWN_VALUES = 16


def describe_npy(file: Path) -> dict[str, Any]:
    """JSON-able: type, shape, values, rules that are broken. Raises BadInput BAD_NPY, OSError."""
    data = file.read_bytes()
    array = decode_npy(data)
    feature = next((part for part in reversed(file.resolve().parts[:-1]) if part in FOLDERS), "")
    return {"num_bytes": len(data), "feature": feature, **_about(feature, array)}


def describe_arrow(file: Path, index: int, key: str) -> dict[str, Any]:
    """JSON-able: number of rows, and the features of the row of that index, or of that id.

    Raises BadInput BAD_ARROW or NO_SUCH_ROW, OSError.
    """
    from services.records.tts.arrow import read_rows

    num_rows, chosen = 0, None
    for row in read_rows(file):
        if chosen is None and (row.id == key if key else num_rows == index):
            chosen = {
                "index": num_rows,
                "id": row.id,
                "features": {name: _about(name, array) for name, array in row.arrays.items()},
                "breaches": _breaches(row.arrays),
            }
        num_rows += 1
    if chosen is None:
        wanted = f"with the id {key!r}" if key else f"at index {index}"
        raise BadInput("NO_SUCH_ROW", f"it has {num_rows} rows and none {wanted}: indexes count from 0")
    return {"num_bytes": file.stat().st_size, "rows": num_rows, "row": chosen}


def _about(feature: str, array: np.ndarray) -> dict[str, Any]:
    found: dict[str, Any] = {"type": str(array.dtype), "shape": list(array.shape)}
    if array.size and array.dtype.kind in "fiu":
        found |= {"least": array.min().item(), "largest": array.max().item()}
        if array.dtype.kind == "f":
            found |= {"mean": float(array.mean(dtype=np.float64)), "std": float(array.std(dtype=np.float64))}
        found = {name: _number(value) if isinstance(value, float) else value for name, value in found.items()}
    found["first"] = [_number(value) for value in array.ravel()[:_SHOWN_VALUES].tolist()]
    if feature:
        found["breaches"] = _breaches({feature: array})
    return found


def _number(value: Any) -> Any:
    """As JSON has it, which knows no NaN and no infinity."""
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else str(value)
    return value


def _breaches(arrays: Mapping[str, np.ndarray]) -> list[str]:
    return [f"{breach.feature}: {breach.rule}: {breach.message}" for breach in validate(arrays)]


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Exit codes are those of services/base/errors.py."""
    parser = argparse.ArgumentParser(prog="python -m services.records.tts.inspect", description=__doc__)
    parser.add_argument("file", type=Path, help="an .npy of a clip, or the .arrow of a shard")
    parser.add_argument("--index", type=int, default=0, help="of an .arrow: index of the row (default: %(default)s)")
    parser.add_argument("--key", default="", help="of an .arrow: the id of the clip whose row is shown")
    parser.add_argument("--png", type=Path, help="these files hold no pictures: refused")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="form (default: %(default)s)")
    flags = parser.parse_args(argv)
    try:
        if flags.png:
            raise BadInput("NO_PICTURES", "features of speech hold no pictures to draw: leave --png out")
        is_arrow = flags.file.suffix.lower() == ARROW
        described = describe_arrow(flags.file, flags.index, flags.key) if is_arrow else describe_npy(flags.file)
    except OSError as error:
        sys.stderr.write(f"{error}: give the path of a file\n")
        return BadInput.exit_code
    except VisemillError as error:
        sys.stderr.write(f"{flags.file}: {error}\n")
        return error.exit_code
    described = {"file": flags.file.name, **described}
    sys.stdout.write(json.dumps(described, allow_nan=False) + "\n" if flags.output == "json" else as_text(described))
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
