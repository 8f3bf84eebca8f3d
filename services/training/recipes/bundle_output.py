"""I/O: where the files of an export are put: all of them, or none."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from services.base.errors import BadConfig
from services.base.store.by_digest import is_uri
from services.base.store.open import open_store
from services.lips.bundle import CARD_FILE


def check_free(target: str) -> None:
    """Raises BadConfig OUTPUT_EXISTS, and as a store does."""
    if open_store(target).stat(CARD_FILE) is not None if is_uri(target) else Path(target).exists():
        raise BadConfig("OUTPUT_EXISTS", f"{target} is there already: name one that is not")


def publish_bundle(target: str, files: Mapping[str, bytes]) -> None:
    """A folder, or objects of a store, of which the card comes last. Raises BadConfig NOT_SAVED, OUTPUT_EXISTS, and as
    the store does.
    """
    if not is_uri(target):
        publish(Path(target), lambda folder: _write_bundle(folder, files))
        return
    store = open_store(target)
    for name, data in files.items():
        if name != CARD_FILE:
            store.put(name, data)
    if not store.create(CARD_FILE, files[CARD_FILE]):
        raise BadConfig("OUTPUT_EXISTS", f"{target} was written by somebody else meanwhile: name another place")


def publish(target: Path, write: Callable[[Path], object]) -> None:
    """All that write makes of a path beside the target, or nothing. Raises BadConfig NOT_SAVED."""
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(beside)
        beside.rename(target)
    except OSError as error:
        raise BadConfig("NOT_SAVED", f"{target} cannot be written ({error.strerror}): name another place") from error
    finally:
        if beside.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
        else:
            beside.unlink(missing_ok=True)


def _write_bundle(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
