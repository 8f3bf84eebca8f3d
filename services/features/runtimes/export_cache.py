"""Exported networks kept on this machine by a digest of all that decides their bytes: exported once a machine.

They lie in `$XDG_CACHE_HOME/visemill/exports` (`~/.cache/visemill/exports`), the last few; the folder may be deleted.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from services.base.digest import canonical_json

_LOG = logging.getLogger(__name__)
# Of about 95 MB each.
MOST_KEPT = 4
# Whatever changes in these may change an exported file.
_SOURCES = (
    "networks.py",
    "ops.py",
    "runtimes/export.py",
    "runtimes/torch.py",
    "runtimes/weights.py",
)


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where exported networks are kept."""
    # Path.home raises where a container's user has none; this one answers.
    cache = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(cache) / "visemill" / "exports"


def exporter_digest(module: str) -> str:
    """sha256 (hex) of the code that exports a network: another visemill's files are not taken for its own.

    module: one of the network's package, which is all that it is made of.
    """
    here = Path(__file__).resolve().parents[1]
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None
    own = sorted(path for path in Path(spec.origin).resolve().parent.glob("*.py"))
    digest = hashlib.sha256()
    for path in (*(here / name for name in _SOURCES), *own):
        data = path.read_bytes()
        digest.update(f"{path.name} {len(data)}\n".encode() + data)
    return digest.hexdigest()


@contextlib.contextmanager
def exported(folder: Path, name: str, facts: Mapping[str, str], export: Callable[[Path], object]) -> Iterator[Path]:
    """The file that export(path) writes, kept under a digest of the facts; where nothing can be kept, made anew.

    Of several processes that want it at once one exports, and the others wait for it. Raises what export raises.
    """
    digest = hashlib.sha256(canonical_json(dict(facts)).encode()).hexdigest()
    path = folder / f"{name}-{digest[:32]}.onnx"
    with contextlib.ExitStack() as stack:
        if not path.is_file():
            try:
                folder.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((folder / f".{path.name}.lock").open("w"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            except OSError as error:
                _LOG.info("exported networks cannot be kept in %s (%s): this one is exported for itself", folder, error)
                path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="visemill-onnx-"))) / path.name
            if not path.is_file():
                _publish(path, export)
                _keep_latest(path)
        with contextlib.suppress(OSError):
            os.utime(path)
        yield path


def _publish(path: Path, export: Callable[[Path], object]) -> None:
    """Under its name once it is whole: whoever finds the name takes no lock."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        export(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _keep_latest(made: Path) -> None:
    """Drops all but the last few that were used."""
    used: list[tuple[int, Path]] = []
    for path in made.parent.glob("*.onnx"):
        with contextlib.suppress(OSError):
            used.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(used, reverse=True)[MOST_KEPT:]:
        if path != made:
            path.unlink(missing_ok=True)
            (path.parent / f".{path.name}.lock").unlink(missing_ok=True)
