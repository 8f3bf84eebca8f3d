"""An OSError as one of the four answers."""

from __future__ import annotations

import errno

from services.base.errors import BadConfig, BadInput, Transient, VisemillError
from services.base.store.interface import NotThere


def refusal(error: OSError, root: str, name: str, doing: str) -> VisemillError | OSError:
    """What an OSError means to a run; the error itself when it is none of the known ones."""
    path, number, text = f"{root}/{name}", error.errno, str(error)
    if isinstance(error, FileNotFoundError) or (isinstance(error, NotADirectoryError) and doing == "read"):
        return NotThere(name, root)
    if isinstance(error, NotADirectoryError | FileExistsError | IsADirectoryError):
        return BadConfig(
            "NOT_A_FOLDER", f"cannot write {path}: a file is where a folder must be, or the reverse; move it", text
        )
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return BadConfig(
            "DISK_FULL", f"cannot {doing} {path}: the disk or quota is full; free some space and resume", text
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason = "NOT_READABLE" if doing == "read" else "NOT_WRITABLE"
        return BadConfig(
            reason, f"may not {doing} {path}; give this user the permission, or choose another folder", text
        )
    if number in (errno.ENAMETOOLONG, errno.ELOOP):
        return BadInput("BAD_NAME", f"cannot {doing} {path}: the name is too long or a symlink loops; rename it", text)
    if number in (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN, errno.EBUSY, errno.EHOSTDOWN, errno.ENOTCONN):
        return Transient("STORE_FAILED", f"cannot {doing} {path} now; check the disk or mount if this goes on", text)
    return error
