"""`python -m services.records.sign.inspect FILE [--index FRAME] [--key FILE] [--png OUT] [-o text|json]`.

Prints what is in a clip's .npz, in its .parquet, or in a labels .csv; draws the skeleton of some frames on a sheet.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.base.errors import EXIT_OK, BadInput, VisemillError
from services.base.media.video import rate_of
from services.records.contact_sheet import contact_sheet
from services.records.sign.files.labels import parse_labels, same_clip
from services.records.sign.files.npz import Arrays, decode_npz
from services.records.sign.files.parquet import COLUMNS, decode_table
from services.records.sign.files.validate import validate
from services.records.sign.ops import visible_shares
from services.records.sign.points import FACE, LEFT_HAND, NUM_COORDINATES, NUM_KEYPOINTS, POSE, RIGHT_HAND
from services.records.sign.preview import draw

_GROUPS = {"pose": POSE, "left_hand": LEFT_HAND, "right_hand": RIGHT_HAND, "face": FACE}
_MAX_DRAWN, _COLUMNS, _HEIGHT_PX, _SHOWN_ROWS = 24, 6, 240, 20
_PAPER = 24


def describe_npz(data: bytes, index: int) -> dict[str, Any]:
    """JSON-able: arrays, times, visible shares, one frame, meta, and rules that are broken. Raises BadInput."""
    arrays = decode_npz(data)
    found: dict[str, Any] = {
        "num_bytes": len(data),
        "arrays": {name: f"{array.dtype} {list(array.shape)}" for name, array in arrays.items()},
        "breaches": [f"{breach.rule}: {breach.message}" for breach in validate(data)],
    }
    if "timestamps_ms" in arrays:
        found |= _times(arrays["timestamps_ms"])
    if _has_points(arrays):
        found |= visible_shares(arrays["mask"])
    found["frame"] = _frame(arrays, index)
    if "meta" in arrays:
        found["meta"] = _meta(arrays)
    return found


def describe_table(data: bytes, index: int) -> dict[str, Any]:
    """The same of a parquet table. Raises BadInput."""
    table = decode_table(data)
    odd = sorted(set(COLUMNS) ^ set(table.column_names))
    found = {"num_bytes": len(data), "rows": table.num_rows, "columns": table.num_columns, "columns_that_differ": odd}
    if not odd:
        arrays = arrays_of_table(table)
        found |= _times(arrays["timestamps_ms"]) | visible_shares(arrays["mask"]) | {"frame": _frame(arrays, index)}
    return found


def arrays_of_table(table: Any) -> dict[str, np.ndarray]:
    """X, mask and timestamps_ms, as an npz has them. Raises BadInput for texts that are no masks."""
    bits = "".join(table.column("mask_bits").to_pylist())
    if len(bits) != table.num_rows * NUM_KEYPOINTS:
        raise BadInput("BAD_PARQUET", f"mask_bits must be {NUM_KEYPOINTS} characters a row: see `visemill verify`")
    columns = [table.column(str(i)).to_numpy() for i in range(NUM_COORDINATES)]
    return {
        "X": np.stack(columns, axis=1),
        "mask": (np.frombuffer(bits.encode(), np.uint8) == ord("1")).reshape(-1, NUM_KEYPOINTS),
        "timestamps_ms": table.column("t_ms").to_numpy(),
    }


def describe_labels(data: bytes, key: str) -> dict[str, Any]:
    """Rows of a labels file, or the one of a clip. Raises BadConfig for what is none, BadInput for an unknown clip."""
    rows = parse_labels(data)
    chosen = [row for row in rows if same_clip(row.file) == same_clip(key)] if key else rows[:_SHOWN_ROWS]
    if key and not chosen:
        raise BadInput("NO_SUCH_ROW", f"none of its {len(rows)} rows is of {key!r}: give the file of a clip")
    return {
        "rows": len(rows),
        "glosses": len({row.gloss for row in rows}),
        "categories": len({row.cat for row in rows}),
        "occluded": sum(row.occluded for row in rows),
        "files_that_stand_twice": sorted(f for f, n in Counter(same_clip(row.file) for row in rows).items() if n > 1),
        "shown": [row._asdict() for row in chosen],
    }


def sheet_of(arrays: Arrays, title: str) -> bytes:
    """A PNG of the skeletons of frames spread over the clip, on plain paper. Raises BadInput without points."""
    if not _has_points(arrays) or not len(arrays["X"]):
        raise BadInput("NO_POINTS", f"{title} holds no keypoints to draw")
    meta = _meta(arrays) if "meta" in arrays else {}
    width, height = meta.get("width") or 1, meta.get("height") or 1
    shape = (_HEIGHT_PX, max(1, min(4 * _HEIGHT_PX, round(_HEIGHT_PX * width / height))), 3)
    count = min(len(arrays["X"]), _MAX_DRAWN)
    frames = np.full((count, *shape), _PAPER, np.uint8)
    for i, frame_HWC in enumerate(frames):
        t = i * len(arrays["X"]) // count
        draw(frame_HWC, arrays["X"][t].reshape(-1, 2), arrays["mask"][t])
    return contact_sheet(frames, title, _COLUMNS)


def _has_points(arrays: Arrays) -> bool:
    shapes = {"X": NUM_COORDINATES, "mask": NUM_KEYPOINTS}
    return all(name in arrays and arrays[name].ndim == 2 and arrays[name].shape[1] == n for name, n in shapes.items())


def _times(times_ms_T: np.ndarray) -> dict[str, Any]:
    if not len(times_ms_T):
        return {"num_frames": 0}
    return {
        "num_frames": len(times_ms_T),
        "first_ms": int(times_ms_T[0]),
        "last_ms": int(times_ms_T[-1]),
        "kept_fps": round(rate_of(times_ms_T / 1000), 3),
    }


def _frame(arrays: Arrays, index: int) -> dict[str, Any]:
    num_frames = len(arrays["timestamps_ms"]) if "timestamps_ms" in arrays else 0
    if not 0 <= index < num_frames:
        raise BadInput("NO_SUCH_FRAME", f"it has {num_frames} frames and none at index {index}: indexes count from 0")
    shown: dict[str, Any] = {"index": index, "t_ms": int(arrays["timestamps_ms"][index])}
    if _has_points(arrays):
        shown |= {f"{name}_points": int(arrays["mask"][index, group].sum()) for name, group in _GROUPS.items()}
    return shown


def _meta(arrays: Arrays) -> dict[str, Any]:
    try:
        meta = json.loads(str(arrays["meta"][()]))
    except ValueError:
        return {}
    return dict(meta) if isinstance(meta, Mapping) else {}


def as_text(described: Mapping[str, Any], indent: str = "") -> str:
    """The same for people, a fact a line."""
    lines = []
    for name, value in described.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}:", as_text(value, indent + "  ").rstrip("\n")]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines.append(f"{indent}{name}:")
            lines += [f"{indent}  {', '.join(f'{k} {v}' for k, v in row.items())}" for row in value]
        else:
            lines.append(f"{indent}{name}: {value}")
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Exit codes are those of services/base/errors.py."""
    parser = argparse.ArgumentParser(prog="python -m services.records.sign.inspect", description=__doc__)
    parser.add_argument("file", type=Path, help="an .npz or .parquet of a clip, or a labels .csv")
    parser.add_argument("--index", type=int, default=0, help="index of the frame to describe (default: %(default)s)")
    parser.add_argument("--key", default="", help="of a labels file: the clip whose row is shown")
    parser.add_argument("--png", type=Path, help="write a sheet of skeletons here")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="form (default: %(default)s)")
    flags = parser.parse_args(argv)
    try:
        data = flags.file.read_bytes()
        described = _describe(flags, data)
        if flags.png:
            flags.png.write_bytes(sheet_of(_arrays(flags.file, data), flags.file.name))
    except OSError as error:
        sys.stderr.write(f"{error}: give the path of a file, and of a folder that exists for the sheet\n")
        return BadInput.exit_code
    except VisemillError as error:
        sys.stderr.write(f"{flags.file}: {error}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(described) + "\n" if flags.output == "json" else as_text(described))
    return EXIT_OK


def _describe(flags: argparse.Namespace, data: bytes) -> dict[str, Any]:
    suffix = flags.file.suffix.lower()
    if suffix == ".csv":
        return describe_labels(data, flags.key)
    described = describe_table(data, flags.index) if suffix == ".parquet" else describe_npz(data, flags.index)
    return {"file": flags.file.name, **described}


def _arrays(file: Path, data: bytes) -> Arrays:
    if file.suffix.lower() == ".csv":
        raise BadInput("NO_POINTS", "a labels file holds no keypoints to draw: give an .npz or a .parquet")
    return arrays_of_table(decode_table(data)) if file.suffix.lower() == ".parquet" else decode_npz(data)


if __name__ == "__main__":
    sys.exit(main())
