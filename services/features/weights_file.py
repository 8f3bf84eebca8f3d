"""Whether a file can be a network's weights, by its structure and the names in it. No library, and no pickle is run."""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO

from services.base.errors import BadConfig

_MOST_PICKLE_BYTES = 64 << 20
# Files of torch before 1.6: a magic number, the version and facts of the system come first.
_NUM_OLD_PICKLES = 4
_PICKLE = b"\x80"


def check_state_dict(
    path: Path, flag: str, names: Collection[str], whose: str = "torchvision's inception_v3 with aux_logits=True"
) -> None:
    """flag: that named the file. names: some of the tensors that the network has. whose: weights they should be.

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
    missing = sorted(set(names) - found)
    if missing:
        raise BadConfig(
            "WEIGHTS_OF_ANOTHER_NETWORK",
            f"{flag} {path} has no tensor {missing[0]}: give weights of {whose}",
        )


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
