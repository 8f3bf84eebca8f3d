"""`python -m services.records.talker.inspect FOLDER [--index N] [--png OUT] [-o text|json]`.

Reads a person's folder, ours or the original's, and says what a training would find in it: frames, landmarks, crops,
features of the sound; draws crops on a contact sheet.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from services.base.errors import EXIT_OK, BadInput, VisemillError
from services.base.media.arrays import Float32Array, UInt8Array
from services.formats.talker.tree import (
    FRAMES_FOLDER,
    TalkerTree,
    features_of,
    num_usable,
    points_of,
    tree_of,
    usable_of,
)
from services.lips.picture import picture_of
from services.lips.talker_crop import CROP_PX, box_of, crop
from services.records.contact_sheet import contact_sheet
from services.records.described_text import as_text

_SHOWN_CROPS, _COLUMNS = 8, 4


def person_folder(path: Path) -> Path:
    """The folder itself, or the one that a file of it lies in."""
    return next((folder for folder in (path, *path.parents[:2]) if (folder / FRAMES_FOLDER).is_dir()), path)


def read_tree(folder: Path) -> TalkerTree:
    """Raises BadInput as `tree_of`; OSError."""
    files = [file for depth in ("*", "*/*") for file in folder.glob(depth)]
    return tree_of(file.relative_to(folder).as_posix() for file in files)


def describe(folder: Path, index: int) -> dict[str, Any]:
    """JSON-able: what the folder holds, and where the crop of the frame at an index lies.

    Raises BadInput for a broken folder and an index that it has not; OSError.
    """
    tree = read_tree(folder)
    num_frames = len(tree.frames)
    if not 0 <= index < num_frames:
        raise BadInput("NO_SUCH_FRAME", f"it has {num_frames} frames and none at index {index}: indexes count from 0")
    points_TNC = points_of(tree, lambda name: (folder / name).read_bytes())
    usable_T = usable_of(tree, lambda name: (folder / name).read_bytes())
    file = tree.frames[index]
    frame_HWC = picture_of((folder / file).read_bytes(), file, cv2.IMREAD_COLOR_RGB)
    height_px, width_px = frame_HWC.shape[:2]
    box = box_of(points_TNC[index])
    return {
        "folder": folder.name,
        "num_frames": num_frames,
        "num_frames_usable": int(usable_T.sum()),
        "width_px": width_px,
        "height_px": height_px,
        "num_points": points_TNC.shape[1],
        "sound": tree.sound or "none",
        "features": {model: _features(folder, tree, model) for model in sorted(tree.features)},
        "frame": {
            "file": tree.frames[index],
            "usable": bool(usable_T[index]),
            "crop_left_px": box.left_px,
            "crop_top_px": box.top_px,
            "crop_side_px": box.side_px,
            "crop_outside_share": round(box.outside_share(width_px, height_px), 4),
        },
    }


def _features(folder: Path, tree: TalkerTree, model: str) -> dict[str, Any]:
    rows = features_of(tree, model, lambda name: (folder / name).read_bytes())
    num_frames = num_usable(len(tree.frames), len(rows), tree.features[model])
    return {"file": tree.features[model], "shape": list(rows.shape), "num_frames_with_a_row": num_frames}


def crops_of(folder: Path, num: int) -> UInt8Array:
    """Crops at even distances, uint8 RGB [n, 328, 328, 3]. Raises as `describe`."""
    tree = read_tree(folder)
    places = np.unique(np.linspace(0, len(tree.frames) - 1, num).round().astype(int))
    chosen = TalkerTree(tuple(tree.frames[t] for t in places), tuple(tree.landmarks[t] for t in places), tree.features)
    points_TNC: Float32Array = points_of(chosen, lambda name: (folder / name).read_bytes())
    crops_THWC = np.empty((len(places), CROP_PX, CROP_PX, 3), np.uint8)
    for out_HWC, file, points_NC in zip(crops_THWC, chosen.frames, points_TNC, strict=True):
        out_HWC[:] = crop(picture_of((folder / file).read_bytes(), file, cv2.IMREAD_COLOR_RGB), box_of(points_NC))
    return crops_THWC


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Exit codes are those of services/base/errors.py."""
    parser = argparse.ArgumentParser(prog="python -m services.records.talker.inspect", description=__doc__)
    parser.add_argument("file", type=Path, help="the folder of a person, or a file in it")
    parser.add_argument("--index", type=int, default=0, help="index of the frame to describe (default: %(default)s)")
    parser.add_argument("--png", type=Path, help=f"write a sheet of {_SHOWN_CROPS} crops here")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="form (default: %(default)s)")
    flags = parser.parse_args(argv)
    folder = person_folder(flags.file.resolve())
    try:
        described = describe(folder, flags.index)
        if flags.png:
            flags.png.write_bytes(contact_sheet(crops_of(folder, _SHOWN_CROPS), folder.name, _COLUMNS))
    except OSError as error:
        sys.stderr.write(f"{error}: give the folder of a person, and of a folder that exists for the sheet\n")
        return BadInput.exit_code
    except VisemillError as error:
        sys.stderr.write(f"{flags.file}: {error}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(described) + "\n" if flags.output == "json" else as_text(described))
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
